package cache

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
)

// crowd lets this many callers ask at once, and the service answer once all of them wait. It returns the answers.
func crowd(t *testing.T, callers int, answer http.HandlerFunc) (answers []*httptest.ResponseRecorder, asked int) {
	t.Helper()
	answers = make([]*httptest.ResponseRecorder, callers)
	var questions atomic.Int64
	synctest.Test(t, func(t *testing.T) {
		open := make(chan struct{})
		handler := before(New(), "products", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			questions.Add(1)
			<-open
			answer(w, r)
		}))
		var all sync.WaitGroup
		for i := range answers {
			all.Go(func() { answers[i] = get(t, handler, "/products") })
		}
		synctest.Wait()
		if got := questions.Load(); got != 1 {
			t.Errorf("the service was asked %d times while everybody waits", got)
		}
		close(open)
		all.Wait()
	})
	return answers, int(questions.Load())
}

func TestCrowd_costsOneFetch(t *testing.T) {
	answers, asked := crowd(t, 1000, newService().ServeHTTP)
	from := map[string]int{}
	for _, answer := range answers {
		if answer.Code != http.StatusOK || answer.Body.String() != `{"n":1}` {
			t.Fatalf("got %d %s", answer.Code, answer.Body)
		}
		from[answer.Header().Get(statusHeader)]++
	}
	if asked != 1 || from[miss] != 1 || from[hit] != 999 {
		t.Errorf("asked %d times; %v", asked, from)
	}
}

// A service that fails is not asked by everyone at once, and no caller waits for ever.
func TestCrowd_isKeptOffAServiceThatFails(t *testing.T) {
	answers, asked := crowd(t, 1000, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	for _, answer := range answers {
		if answer.Code != http.StatusServiceUnavailable {
			t.Fatalf("got %d %s", answer.Code, answer.Body)
		}
	}
	if asked != 1 {
		t.Errorf("asked %d times, want 1", asked)
	}
}

// An app that dies while it answers is asked once more, for all. What it has sent is not kept.
func TestFetch_asksAgainAfterAnAnswerThatBreaksOff(t *testing.T) {
	for broken, status := range map[int]int{1: http.StatusOK, 2: http.StatusServiceUnavailable} {
		asked := 0
		handler := New().Wrap("products", rules, func(*http.Request) (*http.Response, error) {
			answer := httptest.NewRecorder()
			newService().ServeHTTP(answer, nil)
			whole := answer.Result()
			if asked++; asked <= broken {
				whole.Body = io.NopCloser(io.MultiReader(strings.NewReader("{"), iotest.ErrReader(io.ErrUnexpectedEOF)))
			}
			return whole, nil
		}, nil)
		if got := get(t, handler, "/products"); got.Code != status || asked != 2 {
			t.Errorf("after %d broken answers: got %d, asked %d times", broken, got.Code, asked)
		}
	}
}

// The others ask for themselves, at once.
func TestCrowd_doesNotShareAPrivateAnswer(t *testing.T) {
	var n atomic.Int64
	answers, asked := crowd(t, 100, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "private")
		fmt.Fprint(w, n.Add(1))
	})
	seen := map[string]bool{}
	for _, answer := range answers {
		seen[answer.Body.String()] = true
	}
	if asked != 100 || len(seen) != 100 {
		t.Errorf("asked %d times, %d answers", asked, len(seen))
	}
}

// The first caller goes away while others wait for what it asked.
func TestFetch_outlivesItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		open, service := make(chan struct{}), newService()
		handler := before(New(), "products", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			<-open
			if r.Context().Err() != nil {
				w.WriteHeader(http.StatusBadGateway)
				return
			}
			service.ServeHTTP(w, r)
		}))
		ctx, leave := context.WithCancel(t.Context())
		go handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodGet, "/products", nil))
		synctest.Wait()
		second := make(chan *httptest.ResponseRecorder)
		go func() { second <- get(t, handler, "/products") }()
		synctest.Wait()
		leave()
		synctest.Wait()
		close(open)
		want(t, <-second, hit, `{"n":1}`)
	})
}

// A caller that waits for the fetch of another can leave at any time.
func TestCrowd_letsCallersLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		open := make(chan struct{})
		handler := before(New(), "products", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-open }))
		go get(t, handler, "/products")
		synctest.Wait()
		ctx, leave := context.WithCancel(t.Context())
		gone := make(chan struct{})
		go func() {
			handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodGet, "/products", nil))
			close(gone)
		}()
		synctest.Wait()
		leave()
		<-gone
		close(open)
	})
}

// The first caller has gone before its fetch begins; with -race, this finds a caller and a fetch that share a variable.
func TestFetch_sharesNothingWithACallerThatLeft(t *testing.T) {
	handler := before(New(), "products", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
	gone, leave := context.WithCancel(t.Context())
	leave()
	for i := range 100 {
		target := fmt.Sprintf("/products/%d", i)
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(gone, http.MethodGet, target, nil))
	}
}

// What a sidecar that stops says about its own connection is not for those of the callers.
func TestCache_keepsNothingAboutAConnection(t *testing.T) {
	handler := before(New(), "products", newService("Connection", "close"))
	for range 2 {
		if got := get(t, handler, "/products").Header().Get("Connection"); got != "" {
			t.Errorf("got Connection: %s", got)
		}
	}
}

func TestMemory_isBounded(t *testing.T) {
	cache, service := &Cache{memory: newMemory(3, maxBytes)}, newService()
	handler := before(cache, "products", service)
	for _, path := range []string{"/a", "/b", "/c", "/a", "/d"} { // b was used least recently
		get(t, handler, path)
	}
	want(t, get(t, handler, "/a"), hit, `{"n":1}`)
	want(t, get(t, handler, "/b"), miss, `{"n":5}`)

	small := &Cache{memory: newMemory(maxEntries, 10_000)}
	large := before(small, "products", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		newService().ServeHTTP(w, r)
		_, _ = w.Write([]byte(strings.Repeat("x", 3000)))
	}))
	for i := range 100 {
		get(t, large, fmt.Sprintf("/%d", i))
	}
	if got := len(small.memory.entries); got != 2 || small.memory.bytes > 10_000 || small.memory.recent.Len() != got {
		t.Errorf("%d entries of %d bytes", got, small.memory.bytes)
	}
}
