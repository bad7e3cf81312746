package cache

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

var rules = Rules{Methods: []string{http.MethodGet, http.MethodHead}, MediaTypes: []string{"application/json"}, Timeout: 8 * time.Second}

// before puts a cache before a service.
func before(cache *Cache, route string, service http.Handler) http.Handler {
	return cache.Wrap(route, rules, func(question *http.Request) (*http.Response, error) {
		answer := httptest.NewRecorder()
		service.ServeHTTP(answer, question)
		return answer.Result(), question.Context().Err()
	}, service)
}

// service is what stands behind the cache: it counts what it is asked and says so in its answers.
type service struct {
	asked  int
	header http.Header
	status int
}

func newService(headers ...string) *service {
	s := &service{status: http.StatusOK, header: http.Header{}}
	s.header.Set("Content-Type", "application/json")
	s.header.Set("Cache-Control", "public, max-age=1")
	for i := 0; i < len(headers); i += 2 {
		s.header.Set(headers[i], headers[i+1])
	}
	return s
}

func (s *service) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	s.asked++
	for name, values := range s.header {
		w.Header()[name] = values
	}
	w.WriteHeader(s.status)
	fmt.Fprintf(w, `{"n":%d}`, s.asked)
}

// get asks a handler, with these headers.
func get(t testing.TB, handler http.Handler, target string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	return ask(t, handler, http.MethodGet, target, headers...)
}

func ask(t testing.TB, handler http.Handler, method, target string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), method, target, nil)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, request)
	return answer
}

// want checks where an answer came from and what it is.
func want(t testing.TB, answer *httptest.ResponseRecorder, status, body string) {
	t.Helper()
	if got := answer.Header().Get(statusHeader); got != status || answer.Body.String() != body {
		t.Errorf("got %s %d %s, want %s %s", got, answer.Code, answer.Body, status, body)
	}
}

func TestCache_keepsAnswersAsLongAsTheServiceSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := newService("Cache-Control", "public, max-age=2", "X-Of-The-Service", "yes")
		handler := before(New(), "products", service)
		want(t, get(t, handler, "/products"), miss, `{"n":1}`)
		time.Sleep(1500 * time.Millisecond)
		kept := get(t, handler, "/products")
		want(t, kept, hit, `{"n":1}`)
		for name, value := range map[string]string{
			"Age": "2", "X-Of-The-Service": "yes", "Content-Type": "application/json", "Content-Length": "7",
			"Cache-Control": "public, max-age=2",
		} {
			if got := kept.Header().Get(name); got != value {
				t.Errorf("%s: got %q, want %q", name, got, value)
			}
		}
		time.Sleep(500 * time.Millisecond)
		want(t, get(t, handler, "/products"), miss, `{"n":2}`)
	})
}

// A slow service's answer is as old as the question.
func TestCache_countsAgeFromTheQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := newService()
		handler := before(New(), "products", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(900 * time.Millisecond)
			service.ServeHTTP(w, r)
		}))
		want(t, get(t, handler, "/products"), miss, `{"n":1}`)
		want(t, get(t, handler, "/products"), hit, `{"n":1}`)
		time.Sleep(100 * time.Millisecond)
		want(t, get(t, handler, "/products"), miss, `{"n":2}`)
	})
}

func TestCache_keepsOnlyPublicAnswers(t *testing.T) {
	tests := []struct {
		name    string
		status  int
		headers []string
		want    bool
	}{
		{"public", 200, nil, true},
		{"in capitals and quotes", 200, []string{"Cache-Control", `PUBLIC , Max-Age="1"`}, true},
		{"s-maxage wins", 200, []string{"Cache-Control", "public, max-age=0, s-maxage=1"}, true},
		{"s-maxage 0 wins", 200, []string{"Cache-Control", "public, max-age=1, s-maxage=0"}, false},
		{"charset", 200, []string{"Content-Type", "application/json; charset=utf-8"}, true},
		{"depends on the key", 200, []string{"Vary", "accept"}, true},
		{"not marked", 200, []string{"Cache-Control", ""}, false},
		{"not public", 200, []string{"Cache-Control", "max-age=1"}, false},
		{"private", 200, []string{"Cache-Control", "public, private, max-age=1"}, false},
		{"no-store", 200, []string{"Cache-Control", "public, max-age=1, no-store"}, false},
		{"no-cache", 200, []string{"Cache-Control", `public, max-age=1, no-cache="x"`}, false},
		{"no age", 200, []string{"Cache-Control", "public"}, false},
		{"negative age", 200, []string{"Cache-Control", "public, max-age=-1"}, false},
		{"age that is not a number", 200, []string{"Cache-Control", "public, max-age=soon"}, false},
		{"old already", 200, []string{"Age", "1"}, false},
		{"cookie", 200, []string{"Set-Cookie", "a=b"}, false},
		{"stream", 200, []string{"Content-Type", "text/event-stream"}, false},
		{"problem", 404, []string{"Content-Type", "application/problem+json"}, false},
		{"created", 201, nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			service := newService(tt.headers...)
			service.status = tt.status
			handler := before(New(), "products", service)
			first := get(t, handler, "/products")
			want(t, first, miss, `{"n":1}`)
			if first.Code != tt.status {
				t.Errorf("got %d", first.Code)
			}
			if second := get(t, handler, "/products"); (service.asked == 1) != tt.want {
				t.Errorf("asked %d times; second answer %s", service.asked, second.Header().Get(statusHeader))
			}
		})
	}
}

func TestCache_passesPersonalRequestsBy(t *testing.T) {
	tests := []struct {
		name, method string
		headers      []string
	}{
		{"signed in", http.MethodGet, []string{"Authorization", "Bearer t"}},
		{"empty authorization", http.MethodGet, []string{"Authorization", ""}},
		{"cookie", http.MethodGet, []string{"Cookie", "a=b"}},
		{"no-cache", http.MethodGet, []string{"Cache-Control", "No-Cache"}},
		{"no-store", http.MethodGet, []string{"Cache-Control", "max-stale, no-store"}},
		{"reload", http.MethodGet, []string{"Cache-Control", "max-age=0"}},
		{"part", http.MethodGet, []string{"Range", "bytes=0-1"}},
		{"stream", http.MethodGet, []string{"Accept", "text/event-stream"}},
		{"change", http.MethodPost, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			handler := before(New(), "products", newService())
			want(t, ask(t, handler, tt.method, "/products", tt.headers...), bypass, `{"n":1}`)
			want(t, get(t, handler, "/products"), miss, `{"n":2}`) // it left nothing
			want(t, ask(t, handler, tt.method, "/products", tt.headers...), bypass, `{"n":3}`)
			want(t, get(t, handler, "/products"), hit, `{"n":2}`) // and took nothing
		})
	}
	t.Run("query that cannot be read", func(t *testing.T) {
		handler := before(New(), "products", newService())
		want(t, get(t, handler, "/products?a;b"), bypass, `{"n":1}`)
	})
	t.Run("body", func(t *testing.T) {
		handler := before(New(), "products", newService())
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/products", strings.NewReader("{}")))
		want(t, answer, bypass, `{"n":1}`)
	})
}

func TestCache_knowsEqualRequests(t *testing.T) {
	cache, service := New(), newService()
	handler := before(cache, "products", service)
	want(t, get(t, handler, "/products?a=1&b=2&b=3"), miss, `{"n":1}`)
	want(t, get(t, handler, "/products?b=2&b=3&a=%31"), hit, `{"n":1}`)
	want(t, get(t, handler, "/products?b=3&b=2&a=1"), miss, `{"n":2}`)
	want(t, get(t, handler, "/products?a=1&b=2&b=3", "Accept", "text/html"), miss, `{"n":3}`)
	want(t, get(t, handler, "/products/?a=1&b=2&b=3"), miss, `{"n":4}`)
	want(t, get(t, before(cache, "other", service), "/products?a=1&b=2&b=3"), miss, `{"n":5}`)
}

func TestCache_answersHead(t *testing.T) {
	handler := before(New(), "products", newService())
	for _, from := range []string{miss, hit} {
		answer := ask(t, handler, http.MethodHead, "/products")
		want(t, answer, from, "")
		if got := answer.Header().Get("Content-Length"); got != "7" {
			t.Errorf("the body would have had %s bytes, want 7", got)
		}
	}
	want(t, get(t, handler, "/products"), hit, `{"n":1}`)
}

func TestCache_answers304ToCallersThatHaveTheAnswer(t *testing.T) {
	service := newService("Etag", `"v1"`)
	handler := before(New(), "products", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-None-Match") != "" || r.Header.Get("If-Modified-Since") != "" {
			t.Error("a conditional answer cannot be kept for others")
		}
		service.ServeHTTP(w, r)
	}))
	for _, status := range []string{miss, hit} {
		answer := get(t, handler, "/products", "If-None-Match", `"v0", W/"v1"`, "If-Modified-Since", "then")
		want(t, answer, status, "")
		if answer.Code != http.StatusNotModified || answer.Header().Get("ETag") != `"v1"` ||
			answer.Header().Get("Cache-Control") != "public, max-age=1" || answer.Header().Get("Content-Length") != "" {
			t.Errorf("got %d %v", answer.Code, answer.Header())
		}
	}
	want(t, get(t, handler, "/products", "If-None-Match", `"v0"`), hit, `{"n":1}`)
}

// What handlers before the cache add for one caller is not for the next.
func TestCache_keepsNoHeadersOfOneCaller(t *testing.T) {
	cached := before(New(), "products", newService())
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Request-Id", r.Header.Get("X-Request-Id"))
		cached.ServeHTTP(w, r)
	})
	for _, id := range []string{"first", "second"} {
		if got := get(t, handler, "/products", "X-Request-Id", id).Header()["X-Request-Id"]; len(got) != 1 || got[0] != id {
			t.Errorf("got %q, want %q", got, id)
		}
	}
}

// Headers that are set before the cache stay, whether the answer is fetched, kept, or for this caller only.
func TestCache_addsToHeadersThatAreSet(t *testing.T) {
	shared, private := newService("Vary", "Accept"), newService("Vary", "Accept", "Cache-Control", "private")
	all, one := before(New(), "all", shared), before(New(), "one", private)
	for _, cached := range []http.Handler{all, all, one} {
		handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Add("Vary", "Origin")
			cached.ServeHTTP(w, r)
		})
		if got := strings.Join(get(t, handler, "/products").Header().Values("Vary"), ", "); got != "Origin, Accept" {
			t.Errorf("got Vary %q", got)
		}
	}
}

// Such answers are not those to the fetch, which has no more of the request than the key.
func TestCache_fetchesForItselfWhatIsLargeOrDependsOnMore(t *testing.T) {
	large := strings.Repeat("x", maxBody)
	for name, tt := range map[string]struct{ vary, more string }{
		"large": {"Accept", large}, "depends on more": {"Accept, Accept-Language", ""}, "depends on everything": {"*", ""},
	} {
		t.Run(name, func(t *testing.T) {
			service := newService("Vary", tt.vary)
			handler := before(New(), "products", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				service.ServeHTTP(w, r)
				fmt.Fprint(w, r.Header.Get("Accept-Language"), tt.more)
			}))
			want(t, get(t, handler, "/products", "Accept-Language", "de"), miss, `{"n":2}de`+tt.more)
			want(t, get(t, handler, "/products", "Accept-Language", "en"), miss, `{"n":3}en`+tt.more)
		})
	}
}

// One request must not spoil the page for all others.
func TestFetch_carriesOnlyWhatIsInTheKey(t *testing.T) {
	handler := before(New(), "products", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.Header) > 1 || r.Header.Get("Accept") != "application/json" || r.Host != "" || r.RemoteAddr != "" {
			w.WriteHeader(http.StatusBadRequest)
		}
		newService().ServeHTTP(w, r)
	}))
	want(t, get(t, handler, "/products", "Accept", "application/json", "User-Agent", strings.Repeat("x", 14<<10), "X-Request-Id", "1"), miss, `{"n":1}`)
	want(t, get(t, handler, "/products", "Accept", "application/json"), hit, `{"n":1}`)
}
