package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/Kong/go-pdk/test"

	"stoa/gateway/edge/apikey"
	"stoa/gateway/edge/request"
	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web"
)

const (
	shopKey = "stoa_shop" // may do everything in the shop
	readKey = "stoa_read" // may only read
	auth1   = "http://localhost:3600/v1.0/invoke/auth/method/api/v1/auth/verify/apikey"
	auth2   = "http://auth.example:8101/api/v1/auth/verify/apikey"
)

// auth is a round tripper that answers as replicas of the service auth do, without a network, so that time can be made up.
type auth struct {
	mu    sync.Mutex
	asked []*http.Request
	keys  map[string]apikey.Grant
	down  map[string]bool          // hosts that refuse connections
	takes map[string]time.Duration // how long a host takes to answer
	// unmarked lets sidecars make up the answers: they lack the mark of an app.
	unmarked bool
}

func newAuth() *auth {
	return &auth{
		keys: map[string]apikey.Grant{
			shopKey: {KeyID: "k1", Permissions: []string{"shop:read", "shop:write"}},
			readKey: {KeyID: "k2", Permissions: []string{"shop:read"}},
		},
		down: map[string]bool{}, takes: map[string]time.Duration{},
	}
}

// RoundTrip implements http.RoundTripper.
func (a *auth) RoundTrip(r *http.Request) (*http.Response, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = append(a.asked, r)
	down, takes := a.down[r.URL.Host], a.takes[r.URL.Host]
	a.mu.Unlock()
	select {
	case <-time.After(takes):
	case <-r.Context().Done():
	}
	a.mu.Lock()
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if down {
		return nil, errors.New("connection refused")
	}
	recorder := httptest.NewRecorder()
	if a.unmarked {
		a.answer(recorder, r)
	} else {
		web.MarkAnswers(http.HandlerFunc(a.answer)).ServeHTTP(recorder, r)
	}
	return recorder.Result(), nil
}

func (a *auth) answer(w http.ResponseWriter, r *http.Request) {
	if grant, ok := a.keys[r.Header.Get(request.KeyHeader)]; ok {
		_ = json.NewEncoder(w).Encode(grant)
	} else {
		web.WriteError(w, r, errs.New(errs.Forbidden, "this API key is not valid"))
	}
}

// expectAsked checks how many questions there were.
func (a *auth) expectAsked(t *testing.T, want int) {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	if got := len(a.asked); got != want {
		t.Errorf("%d questions, want %d", got, want)
	}
}

// revoke takes a key away.
func (a *auth) revoke(key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.keys, key)
}

// plugin is Kong's process for the plugin, asking this auth.
func plugin(a *auth) *edge {
	e := newEdge("sidecar")
	e.client.Transport = a
	return e
}

// configured is a use of the plugin with these settings, as Kong sends them.
func configured(t *testing.T, e *edge, settings string) *Config {
	t.Helper()
	c := &Config{edge: e}
	must.Do(t, json.Unmarshal([]byte(settings), c))
	return c
}

// settings are those of a route of the shop, and what is added.
func settings(more string) string {
	return fmt.Sprintf(`{"verification_urls": [%q], "permission": "shop", "__seq__": 1%s}`, auth1, more)
}

// call is one request at Kong. It is made outside of a bubble of synctest, since the PDK leaves a goroutine behind.
func call(t *testing.T, method, path string, headers ...string) *test.TestEnv {
	t.Helper()
	r := test.Request{Method: method, Url: "http://kong" + path, Headers: http.Header{}}
	if method != http.MethodGet {
		r.Body = []byte("{}")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Headers.Add(headers[i], headers[i+1])
	}
	env := must.Get(test.New(t, r))(t)
	return env
}

// withKey is a call for the catalogue.
func withKey(t *testing.T, key string) *test.TestEnv {
	t.Helper()
	return call(t, http.MethodGet, "/api/v1/products", "X-Api-Key", key)
}

// expect runs the plugin on a call, which it must refuse with a problem of this kind, or let through if that is "".
func expect(t *testing.T, c *Config, env *test.TestEnv, want errs.Kind) {
	t.Helper()
	env.DoAccess(c)
	if env.IsRunning() {
		if want != "" {
			t.Errorf("let through, want %q", want)
		}
		return
	}
	var problem web.Problem
	if err := json.NewDecoder(bytes.NewReader(env.ClientRes.Body)).Decode(&problem); err != nil {
		t.Fatalf("%d %q: not a problem document: %v", env.ClientRes.Status, env.ClientRes.Body, err)
	}
	media := env.ClientRes.Headers.Get("Content-Type")
	if problem.Kind != want || env.ClientRes.Status != want.HTTPStatus() || media != web.ProblemType {
		t.Errorf("got %d %s %q, want %q", env.ClientRes.Status, media, problem.Kind, want)
	}
}
