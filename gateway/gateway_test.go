package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"stoa/gateway/declaration"
	"stoa/gateway/edge/apikey"
	"stoa/gateway/edge/request"
	"stoa/gateway/kong"
	"stoa/pkg/common/config"
	"stoa/pkg/common/errs"
	"stoa/pkg/common/web"
	"stoa/pkg/sidecar"
)

const goodKey = "stoa_good"

// rig is a gateway under test; its zero value has the routes that are shipped.
type rig struct {
	routes  string // the text of another kong.yml
	proxies request.Proxies
	limits  *web.Limits
	ask     apikey.Ask
	age     time.Duration // for which what ask says holds
	off     bool          // no limits
}

// start serves a gateway with the routes that are shipped, behind whose sidecar is an app, the handler, and returns its
// base URL.
func start(t *testing.T, app http.HandlerFunc) string {
	t.Helper()
	return rig{}.start(t, app)
}

// start serves the gateway, behind whose sidecar is an app, the handler, and returns its base URL.
func (g rig) start(t *testing.T, app http.HandlerFunc) string {
	t.Helper()
	return g.startBefore(t, web.MarkAnswers(app))
}

// startBefore serves the gateway, whose sidecar is the handler, and returns its base URL.
func (g rig) startBefore(t *testing.T, sidecar http.Handler) string {
	t.Helper()
	fake := httptest.NewServer(sidecar)
	t.Cleanup(fake.Close)
	return g.startOn(t, fake.URL)
}

// startOn serves the gateway, whose sidecar is at this URL.
func (g rig) startOn(t *testing.T, sidecarURL string) string {
	t.Helper()
	side := sidecarAt(t, sidecarURL)
	if g.ask == nil {
		g.ask = askGood
	}
	keys, err := apikey.NewChecker(g.ask, cmp.Or(g.age, apikey.MaxAge), keyTimeout)
	if err != nil {
		t.Fatal(err)
	}
	apps, err := newProxy(side.Transport())
	if err != nil {
		t.Fatal(err)
	}
	edge := newEdge(apps, keys, nil, func() bool { return !g.off })
	router := edge.router(g.load(t))
	if err := addPages(router); err != nil {
		t.Fatal(err)
	}
	handler := identified(g.proxies, secured(web.Wrap(router, zerolog.Nop())))
	return g.serve(t, handler)
}

func (g rig) load(t *testing.T) []declaration.Route {
	t.Helper()
	routes, err := declaration.Parse("kong.yml", []byte(cmp.Or(g.routes, string(kong.Table()))))
	if err != nil {
		t.Fatal(err)
	}
	return routes
}

// serve serves as the gateway does, within the limits of the rig.
func (g rig) serve(t *testing.T, handler http.Handler) string {
	t.Helper()
	if g.limits == nil {
		server := httptest.NewServer(handler)
		t.Cleanup(server.Close)
		return server.URL
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- web.ServeOn(ctx, listener, handler, *g.limits) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return "http://" + listener.Addr().String()
}

func sidecarAt(t *testing.T, sidecarURL string) *sidecar.Sidecar {
	t.Helper()
	address, err := url.Parse(sidecarURL)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(address.Port())
	if err != nil {
		t.Fatal(err)
	}
	side, err := sidecar.Open(config.Base{
		DaprHost: address.Hostname(), DaprHTTPPort: port, DaprGRPCPort: 1, DaprAPIToken: "sidecar",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(side.Close)
	return side
}

func askGood(_ context.Context, key string) (apikey.Grant, error) {
	if key != goodKey {
		return apikey.Grant{}, errs.New(errs.Forbidden, "this API key is not valid")
	}
	return apikey.Grant{KeyID: "1", Permissions: []string{"shop:read", "shop:write"}}, nil
}

// do sends a request with a valid key and returns the answer with its body read.
func do(t *testing.T, method, url string, body io.Reader, headers ...string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("x-api-key", goodKey)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(raw)
}

// wantProblem checks that an answer is a problem of this kind.
func wantProblem(t *testing.T, answer *http.Response, body string, kind errs.Kind) {
	t.Helper()
	var problem web.Problem
	if err := json.Unmarshal([]byte(body), &problem); err != nil {
		t.Fatalf("%d %s: no problem document: %q", answer.StatusCode, answer.Header.Get("Content-Type"), body)
	}
	if problem.Kind != kind || answer.StatusCode != kind.HTTPStatus() {
		t.Errorf("got %d %q, want %d %q", answer.StatusCode, problem.Kind, kind.HTTPStatus(), kind)
	}
	if got := answer.Header.Get("Content-Type"); got != web.ProblemType {
		t.Errorf("got content type %q", got)
	}
}

func TestRoutesReachTheirApps(t *testing.T) {
	gateway := start(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s?%s", r.Header.Get("dapr-app-id"), r.URL.Path, r.URL.RawQuery)
	})
	for path, want := range map[string]string{
		"/api/v1/auth/signin/basic":                  "auth /api/v1/auth/signin/basic?",
		"/api/v1/auth/.well-known/jwks.json":         "auth /api/v1/auth/.well-known/jwks.json?",
		"/api/v1/products":                           "inventory-api /api/v1/products?",
		"/api/v1/products?limit=5&cursor=1.2":        "inventory-api /api/v1/products?limit=5&cursor=1.2",
		"/api/v1/orders/4711/events":                 "order-api /api/v1/orders/4711/events?",
		"/api/v1/backoffice/fulfilments/4711/ship":   "backoffice /api/v1/backoffice/fulfilments/4711/ship?",
		"/api/v1/notifications":                      "notification /api/v1/notifications?",
		"/api/v1/auth/token/refresh":                 "auth /api/v1/auth/token/refresh?",
		"/api/v1/products/gr%C3%BCner%20tee?q=a%26b": "inventory-api /api/v1/products/grüner tee?q=a%26b",
	} {
		answer, body := do(t, http.MethodGet, gateway+path, nil)
		if answer.StatusCode != http.StatusOK || body != want {
			t.Errorf("%s: got %d %q, want %q", path, answer.StatusCode, body, want)
		}
	}
}

func TestNothingElseCanBeReached(t *testing.T) {
	gateway := start(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("%s was forwarded", r.URL.Path) })
	for _, path := range []string{
		"/openapi.json", "/metrics", "/compact", "/v1.0/metadata", "/v1.0/invoke/auth/method/metrics",
		"/api", "/api/v1", "/api/v1/ordersX", "/api/v1/orders.json", "/API/v1/orders", "/api/v2/orders",
		"/api/v1/auth/.well-known/jwks.json/", "/api/v1/orders/", "/internal/sessions/1", "/api/v1/internal/sessions/1",
		"/x/api/v1/orders", "/docs/../api/v1/orders", "/docs/", "/docs/missing", "/docs/openapi/nobody.json",
	} {
		answer, body := do(t, http.MethodGet, gateway+path, nil)
		wantProblem(t, answer, body, errs.NotFound)
	}
	for _, method := range []string{http.MethodTrace, "PROPFIND", "get"} {
		answer, body := do(t, method, gateway+"/api/v1/orders", nil)
		wantProblem(t, answer, body, errs.MethodNotAllowed)
		if got := answer.Header.Get("Allow"); got != "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS" {
			t.Errorf("%s: Allow: got %q", method, got)
		}
	}
}

func TestHeadAndOptions(t *testing.T) {
	gateway := start(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			t.Errorf("%s was forwarded", r.Method)
		}
		fmt.Fprint(w, "catalogue")
	})
	answer, body := do(t, http.MethodHead, gateway+"/api/v1/products", nil)
	if answer.StatusCode != http.StatusOK || answer.ContentLength != int64(len("catalogue")) || body != "" {
		t.Errorf("HEAD: got %d, length %d, %q", answer.StatusCode, answer.ContentLength, body)
	}
	answer, _ = do(t, http.MethodOptions, gateway+"/api/v1/auth/.well-known/jwks.json", nil, "x-api-key", "")
	if got := answer.Header.Get("Allow"); answer.StatusCode != http.StatusNoContent || got != "GET, HEAD, OPTIONS" {
		t.Errorf("OPTIONS: got %d, %q", answer.StatusCode, got)
	}
}

// The targets go out as they stand here: an HTTP client would clean some of them.
func TestPathTricksAreRefused(t *testing.T) {
	gateway := start(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("%s was forwarded", r.RequestURI) })
	for target, want := range map[string]errs.Kind{
		"/api/v1/orders/../auth/users":       errs.NotFound,
		"/api/v1/orders/%2e%2e/auth/users":   errs.NotFound,
		"/api/v1/orders/./x":                 errs.NotFound,
		"/api/v1/orders//x":                  errs.NotFound,
		"//api/v1/orders":                    errs.NotFound,
		"/api/v1/orders%2Fx":                 errs.NotFound,
		"/api/v1/orders/a%2fb":               errs.NotFound,
		"/api/v1/orders/..%2f..%2fmetrics":   errs.NotFound,
		"/api/v1/orders/x%00":                errs.Malformed,
		"/api/v1/orders/x%0d%0aX-Evil:1":     errs.NotFound,
		"/api/v1/orders/%252e%252e%252fauth": errs.Malformed,
		"/api/v1/orders/x%3fadmin=1":         errs.Malformed,
		"/api/v1/orders/x%23":                errs.Malformed,
		"/api/v1/orders/..%5cauth":           errs.Malformed,
		"/api/v1/orders;v=1/x":               errs.NotFound,
		"/api/v1/orders/x;v=1":               errs.Malformed,
		"/api/v1/orders/%ff%fe":              errs.Malformed,
		"/api/v1/orders?limit=%zz":           errs.Malformed,
	} {
		t.Run(target, func(t *testing.T) {
			answer, body := raw(t, gateway, target)
			wantProblem(t, answer, body, want)
		})
	}
}

// raw sends a request line as it stands.
func raw(t *testing.T, gateway, target string) (*http.Response, string) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(gateway, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: gateway\r\nX-Api-Key: %s\r\nConnection: close\r\n\r\n", target, goodKey)
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(body)
}

func TestRequestsNeedAKey(t *testing.T) {
	gateway := start(t, func(http.ResponseWriter, *http.Request) {})
	for key, want := range map[string]errs.Kind{
		"":                       errs.Unauthenticated,
		"made-up":                errs.Forbidden,
		strings.Repeat("x", 201): errs.Forbidden,
	} {
		answer, body := do(t, http.MethodGet, gateway+"/api/v1/products", nil, "x-api-key", key)
		wantProblem(t, answer, body, want)
	}
	answer, _ := do(t, http.MethodGet, gateway+"/api/v1/auth/.well-known/jwks.json", nil, "x-api-key", "")
	if answer.StatusCode != http.StatusOK {
		t.Errorf("the public keys must need no API key, got %d", answer.StatusCode)
	}
}
