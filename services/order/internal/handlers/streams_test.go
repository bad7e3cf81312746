package handlers_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web/webtest"
)

// The tests of this file run in bubbles, where time passes only when all goroutines wait: they do not depend on the speed
// of the machine, and a goroutine that does not end fails the test.

// stream is a client that follows an order, and records what it gets.
type stream struct {
	*httptest.ResponseRecorder
	mu    sync.Mutex
	leave context.CancelFunc
	done  chan struct{}
}

// Write implements http.ResponseWriter; text may read at the same time.
func (w *stream) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ResponseRecorder.Write(b)
}

func (w *stream) text() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.Body.String()
}

// watchRequest returns the request of a token to follow an order.
func watchRequest(id, token string) webtest.Request {
	header := http.Header{"Accept": {"text/event-stream"}}
	return request(webtest.Request{Path: "/" + id + "/events", Token: token, Header: header})
}

func (s *shop) watch(t *testing.T, id string) *stream { return s.watchAs(t, id, "") }

func (s *shop) watchAs(t *testing.T, id, token string) *stream {
	ctx, leave := context.WithCancel(t.Context())
	w := &stream{ResponseRecorder: httptest.NewRecorder(), leave: leave, done: make(chan struct{})}
	go func() {
		defer close(w.done)
		s.Serve(ctx, w, watchRequest(id, token))
	}()
	return w
}

// after lets some time pass and returns the fields that were streamed until then, without the data.
func (w *stream) after(wait time.Duration) string {
	time.Sleep(wait)
	synctest.Wait()
	var fields []string
	for line := range strings.Lines(w.text()) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "data: ") {
			fields = append(fields, line)
		}
	}
	return strings.Join(fields, " ")
}

// watching calls test with a pending order and a client that follows it, in a bubble.
func watching(t *testing.T, test func(t *testing.T, s *shop, id string, w *stream)) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t)
		id := s.placed(t, "").ID
		w := s.watch(t, id)
		test(t, s, id, w)
		w.leave()
		<-w.done
	})
}

func TestWatch_showsEveryChangeUntilTheLast(t *testing.T) {
	watching(t, func(t *testing.T, s *shop, id string, w *stream) {
		want := "event: order id: pending"
		if got := w.after(0); got != want {
			t.Errorf("at first: got %q", got)
		}
		for _, step := range []struct{ name, status string }{
			{"reserve", "confirmed"}, {"ship", "shipped"}, {"deliver", "delivered"},
		} {
			must.Do(t, steps[step.name](t, s, id))
			want += " event: order id: " + step.status
			if got := w.after(time.Second); got != want {
				t.Errorf("after %s: got %q, want %q", step.name, got, want)
			}
		}
		<-w.done
		if !strings.Contains(w.text(), `data: {"id":"`+id+`","status":"delivered"`) {
			t.Errorf("got %s", w.text())
		}
		if media := w.Header().Get("Content-Type"); media != "text/event-stream" {
			t.Errorf("the media type is %s", media)
		}
	})
}

func TestWatch_readsOftenAfterAChangeAndThenLess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t)
		order := s.placed(t, "")
		var reads atomic.Int64
		s.states.Before = func(string, string) error { reads.Add(1); return nil }
		w := s.watch(t, order.ID)
		if w.after(100 * time.Millisecond); reads.Load() < 3 {
			t.Errorf("%d reads in the first tenth of a second", reads.Load())
		}
		reads.Store(0)
		if w.after(time.Minute); reads.Load() > 65 {
			t.Errorf("%d reads in a minute", reads.Load())
		}
		must.Do(t, s.reserve(t, order.ID, apple))
		reads.Store(0)
		if w.after(2 * time.Second); reads.Load() < 5 {
			t.Errorf("%d reads after a change", reads.Load())
		}
		w.leave()
		<-w.done
	})
}

// Ten people follow one order: it is read once for all of them, and no more when the last has gone.
func TestWatch_readsOnceForAllFollowers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t)
		order := s.placed(t, "")
		var reads atomic.Int64
		s.states.Before = func(string, string) error { reads.Add(1); return nil }
		var open []*stream
		for i := range 10 {
			open = append(open, s.watchAs(t, order.ID, []string{"alice", "staff"}[i%2]))
		}
		open[0].after(time.Minute)
		reads.Store(0)
		if open[0].after(time.Minute); reads.Load() > 65 {
			t.Errorf("%d reads in a minute", reads.Load())
		}
		must.Do(t, s.reserve(t, order.ID, apple))
		time.Sleep(2 * time.Second)
		for i, w := range open {
			if got := w.after(0); !strings.HasSuffix(got, "event: order id: confirmed") {
				t.Errorf("follower %d got %q", i, got)
			}
			w.leave()
			<-w.done
		}
		reads.Store(0)
		time.Sleep(time.Minute)
		if reads.Load() > 0 {
			t.Errorf("%d reads after all have gone", reads.Load())
		}
	})
}

func TestWatch_sendsHeartbeats(t *testing.T) {
	watching(t, func(t *testing.T, _ *shop, _ string, w *stream) {
		if got := w.after(14 * time.Second); strings.Contains(got, ": still") {
			t.Errorf("too early: %q", got)
		}
		if got, want := w.after(20*time.Second), "event: order id: pending : still pending : still pending"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestWatch_survivesAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t)
		order := s.placed(t, "")
		var away atomic.Bool
		s.states.Before = func(string, string) error {
			if away.Load() {
				return status.Error(codes.Unavailable, "away")
			}
			return nil
		}
		w := s.watch(t, order.ID)
		w.after(time.Second)
		away.Store(true)
		w.after(10 * time.Second)
		away.Store(false)
		must.Do(t, steps["reject"](t, s, order.ID))
		if got, want := w.after(time.Second), "event: order id: pending event: order id: rejected"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		<-w.done
	})
}

func TestWatch_endsWithAWithdrawnDraftAndABrokenConnection(t *testing.T) {
	watching(t, func(t *testing.T, s *shop, id string, w *stream) {
		w.after(time.Second)
		s.states.Drop(store, "order:"+id)
		<-w.done

		s.Serve(t.Context(), brokenPipe{httptest.NewRecorder()}, watchRequest(s.placed(t, "").ID, ""))
	})
}

func TestWatch_endsWhenTheTokenWouldBeRefused(t *testing.T) {
	watching(t, func(t *testing.T, s *shop, _ string, w *stream) {
		w.after(time.Minute)
		s.signedOut.Store(true)
		ended := time.Now()
		<-w.done
		if took := time.Since(ended); took > 5*time.Second {
			t.Errorf("it ended %s after the session", took)
		}
	})
}

func TestWatch_allowsFiveStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t)
		order := s.placed(t, "")
		var open []*stream
		for range 5 {
			open = append(open, s.watch(t, order.ID))
		}
		synctest.Wait()
		answer := s.Do(t, watchRequest(order.ID, ""))
		answer.ExpectProblem(http.StatusTooManyRequests, errs.RateLimited, "")
		if answer.Header().Get("Retry-After") == "" {
			t.Error("it does not say when to come back")
		}
		others := httptest.NewRecorder() // the streams of others do not count
		ctx, leave := context.WithTimeout(t.Context(), time.Second)
		defer leave()
		if s.Serve(ctx, others, watchRequest(order.ID, "staff")); others.Code != http.StatusOK {
			t.Errorf("another caller: got %d %s", others.Code, others.Body)
		}
		open[0].leave()
		<-open[0].done
		again := s.watch(t, order.ID)
		if got, want := again.after(time.Second), "event: order id: pending"; got != want {
			t.Errorf("after one was closed: got %q, want %q", got, want)
		}
		for _, w := range append(open, again) {
			w.leave()
			<-w.done
		}
	})
}

type brokenPipe struct{ http.ResponseWriter }

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }
