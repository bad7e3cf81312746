package handlers_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/rs/zerolog"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web"
	"stoa/pkg/common/web/webtest"
	"stoa/pkg/identity"
	"stoa/pkg/sidecar/sidecartest"
	"stoa/services/web/internal/domain"
	"stoa/services/web/internal/handlers"
	"stoa/services/web/internal/providers"
	"stoa/services/web/internal/providers/api"
	"stoa/services/web/internal/providers/view"
	"stoa/services/web/internal/repositories"
)

// The people of the tests, by their access tokens. Each one's address is the name at example.com, and the password is "opensesame".
var people = webtest.Callers{
	"ada":   {ID: "a", Name: "Ada", SessionID: "1", Verified: true, Roles: []identity.Role{identity.Learner}},
	"arno":  {ID: "b", Name: "Arno", SessionID: "2", Verified: true, Roles: []identity.Role{identity.Author}},
	"edith": {ID: "c", Name: "Edith", SessionID: "3", Verified: true, Roles: []identity.Role{identity.Editor}},
	"stan":  {ID: "d", Name: "Stan", SessionID: "4", Verified: true, Roles: []identity.Role{identity.Staff}},
	"adam":  {ID: "e", Name: "Adam", SessionID: "5", Verified: true, Roles: []identity.Role{identity.Admin}},
}

// object is JSON.
type object map[string]any

// services stand in for the services: an answer for each method and path, such as "GET /api/v1/products". An errs.Kind is an error of
// that kind, and everything else is answered as JSON with 200. What has no answer is down.
type services struct {
	mu      sync.Mutex
	answers map[string]any
	asked   []*http.Request
	bodies  []string
}

// RoundTrip implements http.RoundTripper.
func (s *services) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, _ := io.ReadAll(r.Body) // it is in memory
	s.asked, s.bodies = append(s.asked, r), append(s.bodies, string(body))
	answer := httptest.NewRecorder()
	switch a := s.answers[r.Method+" "+r.URL.Path].(type) {
	case nil:
		web.WriteError(answer, r, errs.New(errs.Unavailable, "it is down"))
	case errs.Kind:
		web.WriteError(answer, r, errs.New(a, "it was refused"))
	case error:
		web.WriteError(answer, r, a)
	case http.HandlerFunc:
		r.Body = io.NopCloser(bytes.NewReader(body))
		a(answer, r)
	default:
		_ = json.NewEncoder(answer).Encode(a)
	}
	return answer.Result(), nil
}

// last returns the last question about a path, and its body.
func (s *services) last(t *testing.T, path string) (*http.Request, string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := len(s.asked) - 1; i >= 0; i-- {
		if s.asked[i].URL.Path == path {
			return s.asked[i], s.bodies[i]
		}
	}
	t.Fatalf("nobody asked for %s", path)
	return nil, ""
}

// world is the pages on a store in memory, before services that are not there.
type world struct {
	*services
	states  *sidecartest.States
	people  webtest.Callers
	handler http.Handler
}

// views are read once: that takes a while.
var views = sync.OnceValues(view.New)

func newWorld(t *testing.T, answers map[string]any) *world {
	t.Helper()
	states, side := sidecartest.New()
	w := &world{services: &services{answers: map[string]any{}}, states: states, people: webtest.Callers{}}
	for token, person := range people {
		w.people[token] = person
	}
	w.answers["POST /api/v1/auth/signin/basic"] = http.HandlerFunc(signIn)
	w.answers["DELETE /api/v1/auth/signout"] = object{}
	w.answers["POST /api/v1/auth/token/refresh"] = errs.Unauthenticated // for those whose session has ended
	for operation, answer := range answers {
		w.answers[operation] = answer
	}
	client := api.New(w.services)
	sessions := domain.NewSessions(repositories.NewSessions(side), providers.NewTokens(client, w.people))
	sealer := must.Get(domain.NewSealer(strings.Repeat("A", 43)))(t)
	site := must.Get(handlers.NewSite(must.Get(views())(t), sessions, repositories.NewCarts(side), client, sealer, "https://public.example"))(t)
	router := web.NewRouter()
	handlers.Routes(router, site)
	w.handler = web.Wrap(router, zerolog.Nop())
	return w
}

// signIn answers as auth does.
func signIn(w http.ResponseWriter, r *http.Request) {
	var in struct{ Email, Password string }
	_ = json.NewDecoder(r.Body).Decode(&in)
	name, _, _ := strings.Cut(in.Email, "@")
	person, known := people[name]
	switch {
	case in.Email == "":
		web.WriteError(w, r, errs.InvalidField("email", "is empty"))
	case !known || in.Password != "opensesame":
		web.WriteError(w, r, errs.New(errs.Unauthenticated, "e-mail address or password are wrong"))
	default:
		_ = json.NewEncoder(w).Encode(object{
			"user":        object{"id": person.ID, "name": person.Name, "email": in.Email, "roles": person.Roles, "verified": person.Verified},
			"accessToken": name, "refreshToken": "refresh " + name, "expiresIn": 900,
		})
	}
}

// browser keeps cookies, as browsers do.
type browser struct {
	*world
	cookies map[string]string
	header  http.Header
}

func (w *world) browser() *browser {
	return &browser{world: w, cookies: map[string]string{}, header: http.Header{
		"Accept": {"text/html"}, "X-Forwarded-For": {"203.0.113.7", "127.0.0.1"}, "X-Forwarded-Host": {"shop.example"}, "User-Agent": {"Browser"},
		"Sec-Fetch-Site": {"same-origin"},
	}}
}

// reply is an answer to a browser.
type reply struct {
	*httptest.ResponseRecorder
	t *testing.T
}

// get asks for a page, and post sends a form, as names and values.
func (b *browser) get(t *testing.T, path string) *reply {
	t.Helper()
	return b.send(t, http.MethodGet, path, "")
}

func (b *browser) post(t *testing.T, path string, form ...string) *reply {
	t.Helper()
	values := url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Add(form[i], form[i+1])
	}
	return b.send(t, http.MethodPost, path, values.Encode())
}

func (b *browser) send(t *testing.T, method, path, body string) *reply {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	request.Header = b.header.Clone()
	if body != "" {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range b.cookies {
		request.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	answer := httptest.NewRecorder()
	b.handler.ServeHTTP(answer, request)
	for _, cookie := range answer.Result().Cookies() {
		b.cookies[cookie.Name] = cookie.Value
		if cookie.MaxAge < 0 {
			delete(b.cookies, cookie.Name)
		}
	}
	return &reply{answer, t}
}

// signIn signs somebody in.
func (b *browser) signIn(t *testing.T, name string) *browser {
	t.Helper()
	b.post(t, "/sign-in", "email", name+"@example.com", "password", "opensesame").leadsTo("/")
	return b
}

// shows ends the test unless the answer is a page with this status and these texts.
func (r *reply) shows(status int, texts ...string) *reply {
	r.t.Helper()
	if media := r.Header().Get("Content-Type"); r.Code != status || !strings.HasPrefix(media, "text/html") {
		r.t.Fatalf("got %d %s, want %d: %s", r.Code, media, status, r.Body)
	}
	for _, text := range texts {
		if !strings.Contains(r.Body.String(), text) {
			r.t.Errorf("the page does not show %q: %s", text, r.Body)
		}
	}
	return r
}

// hides fails if the page has one of these texts.
func (r *reply) hides(texts ...string) *reply {
	r.t.Helper()
	for _, text := range texts {
		if strings.Contains(r.Body.String(), text) {
			r.t.Errorf("the page shows %q: %s", text, r.Body)
		}
	}
	return r
}

// leadsTo fails unless the answer leads to this address.
func (r *reply) leadsTo(location string) {
	r.t.Helper()
	if got := r.Header().Get("Location"); r.Code != http.StatusSeeOther || got != location {
		r.t.Fatalf("got %d to %q, want %q: %s", r.Code, got, location, r.Body)
	}
}
