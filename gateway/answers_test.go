package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/web"
)

// madeUp is a sidecar that answers with this status and body for an app that gave no answer.
func madeUp(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(status)
		if body != "" {
			_, _ = io.WriteString(w, body)
		}
	}
}

func TestAnswers_ofSidecarsDoNotPass(t *testing.T) {
	t.Parallel()
	sidecars := map[string]struct {
		sidecar http.Handler
		want    errs.Kind
	}{
		"200":                   {madeUp(http.StatusOK, ""), errs.Unavailable},
		"200 with a body":       {madeUp(http.StatusOK, `{"id": "1"}`), errs.Unavailable},
		"201":                   {madeUp(http.StatusCreated, `{"id": "1"}`), errs.Unavailable},
		"202":                   {madeUp(http.StatusAccepted, ""), errs.Unavailable},
		"204":                   {madeUp(http.StatusNoContent, ""), errs.Unavailable},
		"304":                   {madeUp(http.StatusNotModified, ""), errs.Unavailable},
		"404":                   {madeUp(http.StatusNotFound, "404 page not found"), errs.Unavailable},
		"401 of the API token":  {madeUp(http.StatusUnauthorized, "invalid api token"), errs.Unavailable},
		"app cannot be reached": {madeUp(http.StatusInternalServerError, `{"errorCode":"ERR_DIRECT_INVOKE","message":"10.0.0.1 refused"}`), errs.Unavailable},
		"text":                  {madeUp(http.StatusBadGateway, "bad gateway"), errs.Unavailable},
		"access control":        {madeUp(http.StatusForbidden, `{"errorCode":"ERR_DIRECT_INVOKE"}`), errs.Forbidden},
		"headers too long":      {madeUp(http.StatusRequestHeaderFieldsTooLarge, "431 Request Header Fields Too Large"), errs.Malformed},
		"two marks":             {marked("2", "2"), errs.Unavailable},
		"a mark in words":       {marked("two"), errs.Unavailable},
		"a mark below zero":     {marked("-1"), errs.Unavailable},
	}
	for name, tt := range sidecars {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer := do(t, http.MethodPost, rig{}.startBefore(t, tt.sidecar)+"/api/v1/orders/1/cancel", nil) // is not repeated
			answer.wantProblem(tt.want)
			if waits := answer.Header.Get("Retry-After") == "1"; waits != (tt.want == errs.Unavailable) || strings.Contains(answer.body, "10.0.0.1") {
				t.Errorf("got %v %s", answer.Header, answer.body)
			}
		})
	}
	t.Run("repeated in vain", func(t *testing.T) {
		t.Parallel()
		do(t, http.MethodGet, rig{}.startBefore(t, madeUp(http.StatusOK, ""))+"/api/v1/orders", nil).wantProblem(errs.Unavailable)
	})
}

func marked(values ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header()[web.AnswerHeader] = values
		_, _ = io.WriteString(w, "{}")
	}
}

// A success that is made up says nothing about the app, so a request that is safe to repeat is repeated.
func TestAnswers_areAskedForAgainIfThatIsSafe(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		method, path string
		body         string
		headers      []string
		times        int64
	}{
		"read":                           {http.MethodGet, "/api/v1/orders", "", nil, 3},
		"replacement":                    {http.MethodPut, "/api/v1/products/1", "{}", nil, 3},
		"order with a key":               {http.MethodPost, "/api/v1/orders", "{}", []string{idempotencyKey, "k"}, 3},
		"order without a key":            {http.MethodPost, "/api/v1/orders", "{}", nil, 3},
		"operation that takes no key":    {http.MethodPost, "/api/v1/orders/1/cancel", "", nil, 1},
		"change that is not replacement": {http.MethodPatch, "/api/v1/auth/profile/mine", "{}", nil, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var times atomic.Int64
			app := web.MarkAnswers(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				fmt.Fprintf(w, "%s %s", r.Method, body)
			}))
			gateway := rig{}.startBefore(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if times.Add(1) < 3 {
					madeUp(http.StatusOK, "")(w, r)
					return
				}
				app.ServeHTTP(w, r)
			}))
			answer := do(t, tt.method, gateway+tt.path, strings.NewReader(tt.body), tt.headers...)
			if times.Load() != tt.times {
				t.Errorf("sent %d times, want %d", times.Load(), tt.times)
			}
			if tt.times == 1 {
				answer.wantProblem(errs.Unavailable)
			} else if answer.StatusCode != http.StatusOK || answer.body != tt.method+" "+tt.body {
				t.Errorf("got %d %s", answer.StatusCode, answer.body)
			}
		})
	}
}

// Sidecars end a body without a word when the app that sends it dies.
func TestAnswers_thatEndEarlyDoNotPass(t *testing.T) {
	t.Parallel()
	for name, length := range map[string]string{"short": "20", "long": "3"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gateway := rig{}.startBefore(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set(web.AnswerHeader, length)
				_, _ = io.WriteString(w, `{"id":`)
				_ = http.NewResponseController(w).Flush() // as sidecars do: no Content-Length
			}))
			answer, err := http.DefaultClient.Do(newRequest(t, http.MethodGet, gateway+"/api/v1/orders", nil))
			if err != nil {
				return // nothing of it arrived
			}
			defer answer.Body.Close()
			if body, err := io.ReadAll(answer.Body); err == nil {
				t.Errorf("got %d %s as if it were all", answer.StatusCode, body)
			}
		})
	}
}

func TestAnswers_loseTheirMark(t *testing.T) {
	gateway := start(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") })
	for _, path := range []string{"/api/v1/orders", "/nowhere"} {
		answer := do(t, http.MethodGet, gateway+path, nil)
		if mark := answer.Header.Values(web.AnswerHeader); len(mark) > 0 {
			t.Errorf("%s: clients see the mark %q", path, mark)
		}
	}
}

func TestKeys_areMadeWhereRepeatingIsSafe(t *testing.T) {
	var got []string
	gateway := start(t, func(_ http.ResponseWriter, r *http.Request) { got = r.Header.Values(idempotencyKey) })
	none, mine, empty := []string(nil), []string{idempotencyKey, "mine"}, []string{idempotencyKey, ""}
	for _, tt := range []struct {
		method, path string
		given        []string
		want         string // the key that the app gets; "*" for one of the gateway's, "-" for none
	}{
		{http.MethodPost, "/api/v1/orders", none, "*"},
		{http.MethodPost, "/api/v1/orders", mine, "mine"},
		{http.MethodPost, "/api/v1/orders", empty, ""},
		{http.MethodPost, "/api/v1/products", none, "*"},
		{http.MethodPost, "/api/v1/products/1/stock", none, "*"},
		{http.MethodPost, "/api/v1/products/1/stock", mine, "mine"},
		{http.MethodPost, "/api/v1/auth/apikeys", none, "-"}, // cannot show the same key again
		{http.MethodPost, "/api/v1/orders/1/cancel", none, "-"},
		{http.MethodPost, "/api/v1/orders/1/cancel", mine, "-"},
		{http.MethodPost, "/api/v1/auth/token/refresh", mine, "-"},
		{http.MethodGet, "/api/v1/orders", none, "-"},
	} {
		do(t, tt.method, gateway+tt.path, nil, tt.given...)
		key := "-"
		if len(got) == 1 {
			key = got[0]
		}
		if strings.HasPrefix(key, "gateway-") {
			key = "*"
		}
		if key != tt.want || len(got) > 1 {
			t.Errorf("%s %s with %v: the app got the key %q, want %q", tt.method, tt.path, tt.given, got, tt.want)
		}
	}
}
