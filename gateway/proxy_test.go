package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/web"
)

func TestHeadersOnTheWayIn(t *testing.T) {
	var got http.Header
	gateway := start(t, func(_ http.ResponseWriter, r *http.Request) { got = r.Header.Clone() })
	do(t, http.MethodPost, gateway+"/api/v1/orders", nil,
		"Authorization", "Bearer t", "Idempotency-Key", "k", "Prefer", "respond-async", "Accept", "application/json",
		"X-Request-Id", "req-1", "Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		"Dapr-App-Id", "auth", "Dapr-Api-Token", "guess", "Dapr-Caller-App-Id", "order-worker",
		"X-Forwarded-For", "10.0.0.1", "X-Forwarded-Host", "evil", "Forwarded", "for=10.0.0.1", "X-Real-Ip", "10.0.0.1",
		"X-User-Id", "admin", "X-Roles", "ADMIN", "Cookie", "a=b",
		"Connection", "X-Hop, Upgrade", "X-Hop", "1", "Upgrade", "websocket")
	for name, want := range map[string]string{
		"Authorization": "Bearer t", "Idempotency-Key": "k", "Prefer": "respond-async", "Accept": "application/json",
		"X-Request-Id": "req-1", "X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "http",
		"X-Forwarded-Host": strings.TrimPrefix(gateway, "http://"),
		"Dapr-App-Id":      "order-api", "Dapr-Api-Token": "sidecar",
	} {
		if values := got.Values(name); len(values) != 1 || values[0] != want {
			t.Errorf("%s: got %q, want %q", name, values, want)
		}
	}
	for _, name := range []string{
		"X-Api-Key", "Dapr-Caller-App-Id", "Forwarded", "X-Real-Ip", "X-User-Id", "X-Roles", "Cookie", "X-Hop", "Upgrade",
	} {
		if values := got.Values(name); len(values) > 0 {
			t.Errorf("%s must not be forwarded, got %q", name, values)
		}
	}
}

// Not even the names of trailers go on.
func TestTrailersStayHere(t *testing.T) {
	got := make(chan http.Header, 1)
	gateway := start(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		got <- r.Trailer
	})
	conn := dial(t, gateway)
	fmt.Fprintf(conn, "POST /api/v1/orders HTTP/1.1\r\nHost: gateway\r\nX-Api-Key: %s\r\nTrailer: X-User-Id, Dapr-App-Id\r\n"+
		"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-User-Id: admin\r\nDapr-App-Id: auth\r\n\r\n", goodKey)
	if _, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil {
		t.Fatal(err)
	}
	if trailers := <-got; len(trailers) > 0 {
		t.Errorf("got %v", trailers)
	}
}

// Who asks auth about their key has to show it; nobody else gets to see it.
func TestTheQuestionAboutAKeyCarriesIt(t *testing.T) {
	gateway := start(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Header.Get("X-Api-Key")) })
	for path, want := range map[string]string{
		"/api/v1/auth/verify/apikey": goodKey, "/api/v1/auth/profile/mine": "", "/api/v1/orders": "",
	} {
		if _, got := do(t, http.MethodGet, gateway+path, nil); got != want {
			t.Errorf("%s: got the key %q, want %q", path, got, want)
		}
	}
}

func TestHeadersOnTheWayOut(t *testing.T) {
	gateway := start(t, func(w http.ResponseWriter, _ *http.Request) {
		for name, value := range map[string]string{
			"Dapr-Grpc-Status": "0", "Traceparent": "00-1", "Tracestate": "a=b", "X-Request-Id": "of-the-app",
			"Cache-Control": "public, max-age=300", "Location": "/api/v1/orders/1", "Content-Type": "application/json",
		} {
			w.Header().Set(name, value)
		}
		w.WriteHeader(http.StatusCreated)
	})
	answer, _ := do(t, http.MethodPost, gateway+"/api/v1/orders", nil, "X-Request-Id", "req-1")
	for name, want := range map[string]string{
		"X-Request-Id": "req-1", "Cache-Control": "public, max-age=300", "Location": "/api/v1/orders/1",
		"Content-Type": "application/json", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
		"Referrer-Policy": "no-referrer", "Dapr-Grpc-Status": "", "Traceparent": "", "Tracestate": "",
	} {
		if got := strings.Join(answer.Header.Values(name), "|"); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	for _, path := range []string{"/nowhere", "/api/v1/orders/x%00"} {
		answer, _ := do(t, http.MethodGet, gateway+path, nil)
		if answer.Header.Get("Cache-Control") != "no-store" || answer.Header.Get("Content-Security-Policy") == "" {
			t.Errorf("%s: our own answers need the headers too, got %v", path, answer.Header)
		}
	}
}

// The sidecar repeats what has a length; so nothing that must not happen twice has one.
func TestUnsafeRequestsTravelWithoutALength(t *testing.T) {
	var length int64
	var body string
	gateway := start(t, func(_ http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		length, body = r.ContentLength, string(raw)
	})
	large := strings.Repeat("x", web.MaxBody)
	tests := []struct {
		name, method string
		body         io.Reader
		key          string
		want         int64
	}{
		{"empty POST", http.MethodPost, nil, "", -1},
		{"POST", http.MethodPost, strings.NewReader("{}"), "", -1},
		{"large POST", http.MethodPost, strings.NewReader(large), "", -1},
		{"POST in chunks", http.MethodPost, io.MultiReader(strings.NewReader("{"), strings.NewReader("}")), "", -1},
		{"PATCH", http.MethodPatch, strings.NewReader("{}"), "", -1},
		{"POST that may be repeated", http.MethodPost, strings.NewReader("{}"), "k", 2},
		{"empty POST that may be repeated", http.MethodPost, nil, "k", 0},
		{"PUT", http.MethodPut, strings.NewReader("{}"), "", 2},
		{"GET", http.MethodGet, nil, "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var sent bytes.Buffer
			headers := []string{"Content-Type", "application/json"}
			if tt.key != "" {
				headers = append(headers, "Idempotency-Key", tt.key)
			}
			reader := tt.body
			if reader != nil && tt.name != "POST in chunks" {
				raw, _ := io.ReadAll(reader)
				sent.Write(raw)
				reader = bytes.NewReader(raw)
			} else if reader != nil {
				reader = io.TeeReader(reader, &sent)
			}
			path := "/api/v1/orders/1/cancel" // takes no key
			if tt.key != "" {
				path = "/api/v1/orders"
			}
			answer, _ := do(t, tt.method, gateway+path, reader, headers...)
			if answer.StatusCode != http.StatusOK || length != tt.want || body != sent.String() {
				t.Errorf("got %d, length %d, %d bytes; want length %d, %d bytes",
					answer.StatusCode, length, len(body), tt.want, sent.Len())
			}
		})
	}
}

func TestBodiesOverTheLimitAreRefused(t *testing.T) {
	gateway := start(t, func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
	large := strings.Repeat("x", web.MaxBody+1)
	answer, body := do(t, http.MethodPost, gateway+"/api/v1/orders", strings.NewReader(large))
	wantProblem(t, answer, body, errs.TooLarge)
	answer, body = do(t, http.MethodPost, gateway+"/api/v1/orders", io.MultiReader(strings.NewReader(large)))
	wantProblem(t, answer, body, errs.TooLarge)
}

// What is wrong with a body is told by who sent it, and is no outage of the app that waits for it.
func TestBodiesThatBreakOffAreTheirSendersFault(t *testing.T) {
	gateway := start(t, func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
	conn, err := net.Dial("tcp", strings.TrimPrefix(gateway, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /api/v1/orders HTTP/1.1\r\nHost: gateway\r\nX-Api-Key: %s\r\nTransfer-Encoding: chunked\r\n\r\nfive\r\n{}\r\n", goodKey)
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	wantProblem(t, answer, string(raw), errs.Malformed)
}

func TestErrorsOfSidecarsBecomeProblems(t *testing.T) {
	tests := []struct {
		name        string
		status      int
		contentType string
		body        string
		want        errs.Kind
	}{
		{"app cannot be reached", 500, "application/json",
			`{"errorCode":"ERR_DIRECT_INVOKE","message":"fail to invoke, id: order-api, err: 10.0.0.1 refused"}`, errs.Unavailable},
		{"text", 502, "text/plain", "bad gateway", errs.Unavailable},
		{"access control", 403, "application/json", `{"errorCode":"ERR_DIRECT_INVOKE"}`, errs.Forbidden},
		{"headers too long", 431, "text/plain", "431 Request Header Fields Too Large", errs.Malformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			gateway := rig{}.startBefore(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", tt.contentType)
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			}))
			answer, body := do(t, http.MethodGet, gateway+"/api/v1/orders", nil)
			wantProblem(t, answer, body, tt.want)
			if strings.Contains(body, "10.0.0.1") {
				t.Errorf("a sidecar's words are not for the caller: %s", body)
			}
			if tt.want == errs.Unavailable && answer.Header.Get("Retry-After") != "1" {
				t.Errorf("Retry-After: got %q", answer.Header.Get("Retry-After"))
			}
		})
	}
}

func TestProblemsOfAppsPass(t *testing.T) {
	const sent = `{"title":"Conflict","status":409,"kind":"conflict","detail":"shipped already"}`
	gateway := start(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", web.ProblemType)
		w.WriteHeader(http.StatusConflict)
		_, _ = io.WriteString(w, sent)
	})
	answer, body := do(t, http.MethodPost, gateway+"/api/v1/orders/1/cancel", nil)
	if answer.StatusCode != http.StatusConflict || body != sent {
		t.Errorf("got %d %s", answer.StatusCode, body)
	}
}

func TestSidecarDown(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	gateway := rig{}.startOn(t, gone.URL)
	answer, body := do(t, http.MethodGet, gateway+"/api/v1/orders", nil)
	wantProblem(t, answer, body, errs.Unavailable)
	answer, body = do(t, http.MethodPost, gateway+"/api/v1/orders", strings.NewReader(strings.Repeat("x", web.MaxBody)))
	wantProblem(t, answer, body, errs.Unavailable)
}
