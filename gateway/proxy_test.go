package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/web"
)

func TestRewrite_forwardsOnlyListedHeaders(t *testing.T) {
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
func TestRewrite_dropsTrailers(t *testing.T) {
	got := make(chan http.Header, 1)
	gateway := start(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		got <- r.Trailer
	})
	send(t, gateway, "POST /api/v1/orders", "Trailer: X-User-Id, Dapr-App-Id", "Transfer-Encoding: chunked", "",
		"2", "{}", "0", "X-User-Id: admin", "Dapr-App-Id: auth", "", "")
	if trailers := <-got; len(trailers) > 0 {
		t.Errorf("got %v", trailers)
	}
}

func TestRewrite_sendsTheKeyOnlyToItsVerification(t *testing.T) {
	gateway := start(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Header.Get("X-Api-Key")) })
	for path, want := range map[string]string{
		"/api/v1/auth/verify/apikey": goodKey, "/api/v1/auth/profile/mine": "", "/api/v1/orders": "",
	} {
		if got := do(t, http.MethodGet, gateway+path, nil).body; got != want {
			t.Errorf("%s: got the key %q, want %q", path, got, want)
		}
	}
}

func TestGateway_completesTheHeadersOfAnswers(t *testing.T) {
	gateway := start(t, func(w http.ResponseWriter, _ *http.Request) {
		for name, value := range map[string]string{
			"Dapr-Grpc-Status": "0", "Traceparent": "00-1", "Tracestate": "a=b", "X-Request-Id": "of-the-app",
			"Cache-Control": "public, max-age=300", "Location": "/api/v1/orders/1", "Content-Type": "application/json",
		} {
			w.Header().Set(name, value)
		}
		w.WriteHeader(http.StatusCreated)
	})
	answer := do(t, http.MethodPost, gateway+"/api/v1/orders", nil, "X-Request-Id", "req-1")
	for name, want := range map[string]string{
		"X-Request-Id": "req-1", "Cache-Control": "private, max-age=300", "Location": "/api/v1/orders/1",
		"Content-Type": "application/json", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
		"Referrer-Policy": "no-referrer", "Dapr-Grpc-Status": "", "Traceparent": "", "Tracestate": "",
	} {
		if got := strings.Join(answer.Header.Values(name), "|"); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	for _, path := range []string{"/nowhere", "/api/v1/orders/x%00"} {
		answer := do(t, http.MethodGet, gateway+path, nil)
		if answer.Header.Get("Cache-Control") != "no-store" || answer.Header.Get("Content-Security-Policy") == "" {
			t.Errorf("%s: our own answers need the headers too, got %v", path, answer.Header)
		}
	}
}

// largestBody is what kong.yml lets pass.
const largestBody = 64 << 10

// The sidecar repeats requests that have a length, so only those that may be repeated have one.
func TestProxy_sendsALengthOnlyWithWhatMayBeRepeated(t *testing.T) {
	var length int64
	var body string
	gateway := start(t, func(_ http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		length, body = r.ContentLength, string(raw)
	})
	large := strings.Repeat("x", largestBody)
	const once, often = "/api/v1/orders/1/cancel", "/api/v1/orders" // the second takes a key
	small := func() io.Reader { return strings.NewReader("{}") }
	tests := []struct {
		name, method, path string
		body               io.Reader
		sent               string
		want               int64
	}{
		{"empty POST", http.MethodPost, once, nil, "", -1},
		{"POST", http.MethodPost, once, small(), "{}", -1},
		{"large POST", http.MethodPost, once, strings.NewReader(large), large, -1},
		{"POST in chunks", http.MethodPost, once, io.MultiReader(small()), "{}", -1},
		{"PATCH", http.MethodPatch, once, small(), "{}", -1},
		{"POST that may be repeated", http.MethodPost, often, small(), "{}", 2},
		{"empty POST that may be repeated", http.MethodPost, often, nil, "", 0},
		{"PUT", http.MethodPut, once, small(), "{}", 2},
		{"GET", http.MethodGet, once, nil, "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			answer := do(t, tt.method, gateway+tt.path, tt.body)
			if answer.StatusCode != http.StatusOK || length != tt.want || body != tt.sent {
				t.Errorf("got %d, length %d, %d bytes; want length %d, %d bytes",
					answer.StatusCode, length, len(body), tt.want, len(tt.sent))
			}
		})
	}
}

// A client that announces a large body and sends none is not waited for.
func TestProxy_refusesBodiesOverTheLimitAtOnce(t *testing.T) {
	gateway := start(t, unused(t))
	for _, size := range []int{largestBody + 1, 256<<10 + 1, 1 << 30} {
		began := time.Now()
		send(t, gateway, "POST /api/v1/orders", fmt.Sprintf("Content-Length: %d", size), "", "ab").wantProblem(errs.TooLarge)
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%d bytes: the answer took %s", size, took)
		}
	}
}

func TestProxy_refusesBodiesOverTheLimit(t *testing.T) {
	gateway := start(t, func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
	for _, size := range []int{largestBody + 1, web.MaxBody + 1} {
		large := strings.Repeat("x", size)
		for _, body := range []io.Reader{strings.NewReader(large), io.MultiReader(strings.NewReader(large))} { // with a length, and without
			answer := do(t, http.MethodPost, gateway+"/api/v1/orders", body)
			answer.wantProblem(errs.TooLarge)
			if !strings.Contains(answer.body, "over") {
				t.Errorf("the limit is not named: %s", answer.body)
			}
		}
	}
}

// It is not an outage of the app that waits for the body.
func TestProxy_refusesBodiesThatBreakOff(t *testing.T) {
	gateway := start(t, func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
	send(t, gateway, "POST /api/v1/orders", "Transfer-Encoding: chunked", "", "five", "{}", "").wantProblem(errs.Malformed)
}

func TestProxy_passesProblemsOfApps(t *testing.T) {
	const sent = `{"title":"Conflict","status":409,"kind":"conflict","detail":"shipped already"}`
	gateway := start(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", web.ProblemType)
		w.WriteHeader(http.StatusConflict)
		_, _ = io.WriteString(w, sent)
	})
	if answer := do(t, http.MethodPost, gateway+"/api/v1/orders/1/cancel", nil); answer.StatusCode != 409 || answer.body != sent {
		t.Errorf("got %d %s", answer.StatusCode, answer.body)
	}
}

func TestProxy_isUnavailableWithoutItsSidecar(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	gateway := rig{}.startOn(t, gone.Listener.Addr())
	do(t, http.MethodGet, gateway+"/api/v1/orders", nil).wantProblem(errs.Unavailable)
	do(t, http.MethodPost, gateway+"/api/v1/orders", strings.NewReader(strings.Repeat("x", largestBody))).wantProblem(errs.Unavailable)
}
