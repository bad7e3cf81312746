package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
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
	"stoa/pkg/common/must"
	"stoa/pkg/common/web"
	"stoa/pkg/sidecar"
)

const goodKey = "stoa_good"

// rig is a gateway under test; its zero value has the routes that are shipped.
type rig struct {
	routes  string // the text of another kong.yml
	proxies request.Proxies
	limits  func(*web.Limits) // changes the limits of the gateway
	ask     apikey.Ask
	age     time.Duration // for which what ask says holds
	off     bool          // no limits
	log     io.Writer     // nil for none
}

// start serves a gateway with the routes that are shipped, in front of this app, and returns its base URL.
func start(t *testing.T, app http.HandlerFunc) string {
	t.Helper()
	return rig{}.start(t, app)
}

// start serves the gateway in front of this app, and returns its base URL.
func (g rig) start(t *testing.T, app http.HandlerFunc) string {
	t.Helper()
	return g.startBefore(t, web.MarkAnswers(app))
}

// startBefore serves the gateway, whose sidecar is the handler, and returns its base URL.
func (g rig) startBefore(t *testing.T, sidecar http.Handler) string {
	t.Helper()
	fake := httptest.NewServer(sidecar)
	t.Cleanup(fake.Close)
	return g.startOn(t, fake.Listener.Addr())
}

// startOn serves the gateway, whose sidecar is at this address.
func (g rig) startOn(t *testing.T, address net.Addr) string {
	t.Helper()
	side := must.Get(sidecar.Open(config.Base{
		DaprHost: "127.0.0.1", DaprHTTPPort: address.(*net.TCPAddr).Port, DaprGRPCPort: 1, DaprAPIToken: "sidecar",
	}, zerolog.Nop()))(t)
	t.Cleanup(side.Close)
	if g.ask == nil {
		g.ask = askGood
	}
	keys, noKeys := apikey.NewChecker(g.ask, cmp.Or(g.age, apikey.MaxAge), keyTimeout)
	apps, noApps := newProxy(side)
	routes, noRoutes := declaration.Parse("kong.yml", []byte(cmp.Or(g.routes, string(kong.Table()))))
	must.Do(t, errors.Join(noKeys, noApps, noRoutes))
	router := must.Get(newEdge(apps, keys, nil, func() bool { return !g.off }).router(routes))(t)
	return g.serve(t, identified(g.proxies, secured(web.WrapPublic(router, zerolog.New(g.log).Level(zerolog.InfoLevel)))))
}

// serve serves as the gateway does, within the limits of the rig.
func (g rig) serve(t *testing.T, handler http.Handler) string {
	t.Helper()
	listener := must.Get(net.Listen("tcp", "127.0.0.1:0"))(t)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- web.ServeOn(ctx, listener, handler, limits(g.limits)) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return "http://" + listener.Addr().String()
}

func askGood(_ context.Context, key string) (apikey.Grant, error) {
	if key != goodKey {
		return apikey.Grant{}, errs.New(errs.Forbidden, "this API key is not valid")
	}
	return apikey.Grant{KeyID: "1", Permissions: []string{"shop:read", "shop:write"}}, nil
}

// reply is an answer of the gateway, and its body.
type reply struct {
	*http.Response
	body string

	t *testing.T
}

// read returns a reply, or ends the test if there is none.
func read(t *testing.T, answer *http.Response, err error) *reply {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	raw := must.Get(io.ReadAll(answer.Body))(t)
	return &reply{Response: answer, body: string(raw), t: t}
}

// do sends a request with a valid key.
func do(t *testing.T, method, url string, body io.Reader, headers ...string) *reply {
	t.Helper()
	answer, err := http.DefaultClient.Do(newRequest(t, method, url, body, headers...))
	return read(t, answer, err)
}

func newRequest(t *testing.T, method, url string, body io.Reader, headers ...string) *http.Request {
	t.Helper()
	request := must.Get(http.NewRequestWithContext(t.Context(), method, url, body))(t)
	request.Header.Set("x-api-key", goodKey)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	return request
}

// send sends a request as it stands, with a valid key: an HTTP client would change some of it.
func send(t *testing.T, gateway, line string, headersAndBody ...string) *reply {
	t.Helper()
	conn := dial(t, gateway)
	fmt.Fprintf(conn, "%s HTTP/1.1\r\nHost: gateway\r\nX-Api-Key: %s\r\n%s", line, goodKey, strings.Join(headersAndBody, "\r\n"))
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	return read(t, answer, err)
}

// unused is an app that must not get any request.
func unused(t *testing.T) http.HandlerFunc {
	return func(_ http.ResponseWriter, r *http.Request) { t.Errorf("%s %s was forwarded", r.Method, r.RequestURI) }
}

// empty is an app whose answers are empty.
func empty(http.ResponseWriter, *http.Request) {}

// wantProblem checks that the reply is a problem of this kind.
func (r *reply) wantProblem(kind errs.Kind) {
	r.t.Helper()
	var problem web.Problem
	if err := json.Unmarshal([]byte(r.body), &problem); err != nil {
		r.t.Fatalf("%d %s: not a problem document: %q", r.StatusCode, r.Header.Get("Content-Type"), r.body)
	}
	if problem.Kind != kind || r.StatusCode != kind.HTTPStatus() || r.Header.Get("Content-Type") != web.ProblemType {
		r.t.Errorf("got %d %s %q, want %d %q", r.StatusCode, r.Header.Get("Content-Type"), problem.Kind, kind.HTTPStatus(), kind)
	}
}

func TestGateway_forwardsRoutesToTheirApps(t *testing.T) {
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
		"/api/v1/notifications/settings":             "notification /api/v1/notifications/settings?",
		"/mail/unsubscribe?code=x":                   "notification /mail/unsubscribe?code=x",
		"/api/v1/auth/token/refresh":                 "auth /api/v1/auth/token/refresh?",
		"/blog/feed.atom":                            "blog /blog/feed.atom?",
		"/blog/tags/C++/feed.json":                   "blog /blog/tags/C++/feed.json?",
		"/blog/sitemap.xml?part=2":                   "blog /blog/sitemap.xml?part=2",
		"/api/v1/products/gr%C3%BCner%20tee?q=a%26b": "inventory-api /api/v1/products/grüner tee?q=a%26b",
		"/":                        "web /?",
		"/products?q=oil":          "web /products?q=oil",
		"/blog/why-we-count-twice": "web /blog/why-we-count-twice?",
		"/blog/tags/C++":           "web /blog/tags/C++?",
		"/sign-in?then=/orders":    "web /sign-in?then=/orders",
		"/orders/4711/live":        "web /orders/4711/live?",
		"/static/1/app.css":        "web /static/1/app.css?",
	} {
		if answer := do(t, http.MethodGet, gateway+path, nil); answer.StatusCode != http.StatusOK || answer.body != want {
			t.Errorf("%s: got %d %q, want %q", path, answer.StatusCode, answer.body, want)
		}
	}
}

func TestGateway_forwardsNothingElse(t *testing.T) {
	gateway := start(t, unused(t))
	for _, path := range []string{
		"/openapi.json", "/metrics", "/compact", "/v1.0/metadata", "/v1.0/invoke/auth/method/metrics",
		"/api", "/api/v1", "/api/v1/ordersX", "/api/v1/orders.json", "/API/v1/orders", "/api/v2/orders",
		"/api/v1/auth/.well-known/jwks.json/", "/api/v1/orders/", "/internal/sessions/1", "/api/v1/internal/sessions/1",
		"/productsX", "/sign-in/x", "/web", "/x/products",
		"/x/api/v1/orders", "/docs/../api/v1/orders", "/docs/", "/docs/missing", "/docs/openapi/nobody.json",
	} {
		do(t, http.MethodGet, gateway+path, nil).wantProblem(errs.NotFound)
	}
	for _, method := range []string{http.MethodTrace, "PROPFIND", "get"} {
		answer := do(t, method, gateway+"/api/v1/orders", nil)
		answer.wantProblem(errs.MethodNotAllowed)
		if got := answer.Header.Get("Allow"); got != "GET, HEAD, POST, OPTIONS" {
			t.Errorf("%s: Allow: got %q", method, got)
		}
	}
}

func TestGateway_answersHead(t *testing.T) {
	gateway := start(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			t.Errorf("%s was forwarded", r.Method)
		}
		fmt.Fprint(w, "catalogue")
	})
	answer := do(t, http.MethodHead, gateway+"/api/v1/products", nil)
	if answer.StatusCode != http.StatusOK || answer.ContentLength != int64(len("catalogue")) || answer.body != "" {
		t.Errorf("HEAD: got %d, length %d, %q", answer.StatusCode, answer.ContentLength, answer.body)
	}
}

// OPTIONS lists the methods of the operations at the path, not those of the whole route. No file describes pages.
func TestGateway_listsTheMethodsThatExist(t *testing.T) {
	gateway := start(t, unused(t))
	for path, want := range map[string]string{
		"/api/v1/auth/.well-known/jwks.json": "GET, HEAD, OPTIONS",
		"/api/v1/auth/signin/basic":          "POST, OPTIONS",
		"/api/v1/products":                   "GET, HEAD, POST, OPTIONS",
		"/api/v1/products/x":                 "GET, HEAD, PUT, DELETE, OPTIONS",
		"/api/v1/orders/x/cancel":            "POST, OPTIONS",
		"/api/v1/orders/x/y/z":               "OPTIONS",
		"/cart":                              "GET, HEAD, POST, OPTIONS",
	} {
		answer := do(t, http.MethodOptions, gateway+path, nil, "x-api-key", "")
		if got := answer.Header.Get("Allow"); answer.StatusCode != http.StatusNoContent || got != want {
			t.Errorf("%s: got %d, %q, want %q", path, answer.StatusCode, got, want)
		}
	}
}

func TestGateway_refusesPathsThatCanBeReadInTwoWays(t *testing.T) {
	gateway := start(t, unused(t))
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
		"/api/v1/orders/x%0d%0aX-Evil:1":     errs.Malformed,
		"/api/v1/orders/%252e%252e%252fauth": errs.Malformed,
		"/api/v1/orders/x%3fadmin=1":         errs.Malformed,
		"/api/v1/orders/x%23":                errs.Malformed,
		"/api/v1/orders/..%5cauth":           errs.Malformed,
		"/api/v1/orders;v=1/x":               errs.Malformed,
		"/api/v1/orders/x;v=1":               errs.Malformed,
		"/api/v1/orders/%ff%fe":              errs.Malformed,
		"/api/v1/orders?limit=%zz":           errs.Malformed,
		"/api/v1/orders?cursor=\xff":         errs.Malformed,
	} {
		t.Run(target, func(t *testing.T) { send(t, gateway, "GET "+target, "", "").wantProblem(want) })
	}
}

func TestGateway_requiresAKey(t *testing.T) {
	gateway := start(t, empty)
	for key, want := range map[string]errs.Kind{
		"":                       errs.Unauthenticated,
		"made-up":                errs.Forbidden,
		strings.Repeat("x", 201): errs.Forbidden,
	} {
		do(t, http.MethodGet, gateway+"/api/v1/products", nil, "x-api-key", key).wantProblem(want)
	}
	answer := do(t, http.MethodGet, gateway+"/api/v1/auth/.well-known/jwks.json", nil, "x-api-key", "")
	if answer.StatusCode != http.StatusOK {
		t.Errorf("the public keys must need no API key, got %d", answer.StatusCode)
	}
	for _, path := range []string{"/blog/feed.atom", "/blog/authors/x/feed.json", "/blog/sitemap.xml", "/mail/unsubscribe?code=x"} {
		if answer := do(t, http.MethodGet, gateway+path, nil, "x-api-key", ""); answer.StatusCode != http.StatusOK {
			t.Errorf("%s must need no API key, got %d", path, answer.StatusCode)
		}
	}
}
