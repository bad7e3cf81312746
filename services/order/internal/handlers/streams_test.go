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
	"stoa/services/order/internal/domain"
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

func (s *shop) watch(t *testing.T, id string) *stream {
	ctx, leave := context.WithCancel(t.Context())
	w := &stream{ResponseRecorder: httptest.NewRecorder(), leave: leave, done: make(chan struct{})}
	go func() {
		defer close(w.done)
		s.serve(ctx, w, request{path: "/" + id + "/events", header: http.Header{"Accept": {"text/event-stream"}}})
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

func TestWatch_showsEveryChangeUntilTheLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t)
		order := s.placed(t, "")
		w := s.watch(t, order.ID)
		want := "event: order id: pending"
		if got := w.after(0); got != want {
			t.Errorf("at first: got %q", got)
		}
		for _, step := range []struct{ name, status string }{
			{"reserve", "confirmed"}, {"ship", "shipped"}, {"deliver", "delivered"},
		} {
			must(t, steps[step.name](t, s, order.ID))
			want += " event: order id: " + step.status
			if got := w.after(time.Second); got != want {
				t.Errorf("after %s: got %q, want %q", step.name, got, want)
			}
		}
		<-w.done
		if !strings.Contains(w.text(), `data: {"id":"`+order.ID+`","status":"delivered"`) {
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
		must(t, s.reserve(t, order.ID, apple))
		reads.Store(0)
		if w.after(2 * time.Second); reads.Load() < 5 {
			t.Errorf("%d reads after a change", reads.Load())
		}
		w.leave()
		<-w.done
	})
}

func TestWatch_sendsHeartbeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t)
		w := s.watch(t, s.placed(t, "").ID)
		if got := w.after(14 * time.Second); strings.Contains(got, ":  still") {
			t.Errorf("too early: %q", got)
		}
		if got, want := w.after(20*time.Second), "event: order id: pending : still pending : still pending"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		w.leave()
		<-w.done
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
		must(t, steps["reject"](t, s, order.ID))
		if got, want := w.after(time.Second), "event: order id: pending event: order id: rejected"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		<-w.done
	})
}

func TestWatch_endsWithAWithdrawnDraftAndABrokenConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t)
		order := s.placed(t, "")
		w := s.watch(t, order.ID)
		w.after(time.Second)
		s.states.Drop(store, "order:"+order.ID)
		<-w.done

		s.serve(t.Context(), brokenPipe{httptest.NewRecorder()}, request{path: "/" + s.placed(t, "").ID + "/events"})
	})
}

func TestWatch_endsWithTheTokenAndWithTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t)
		order := s.placed(t, "")
		began, w := time.Now(), s.watch(t, order.ID)
		<-w.done
		if took := time.Since(began); took < tokenTime-time.Second || took > tokenTime+time.Second {
			t.Errorf("it ended after %s, the token after %s", took, tokenTime)
		}
		w = s.watch(t, order.ID)
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
		sixth := request{path: "/" + order.ID + "/events"}
		answer := s.do(t.Context(), sixth)
		expectProblem(t, answer, http.StatusTooManyRequests, errs.RateLimited, "")
		if answer.Header().Get("Retry-After") == "" {
			t.Error("it does not say when to come back")
		}
		sixth.token = "staff" // the streams of others do not count
		ctx, leave := context.WithTimeout(t.Context(), time.Second)
		defer leave()
		if answer := s.do(ctx, sixth); answer.Code != http.StatusOK {
			t.Errorf("another caller: got %d %s", answer.Code, answer.Body)
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

// cancelled cancels an order; the worker gets the command after a while, and these steps happen in the meantime.
func cancelled(
	t *testing.T, s *shop, id, prefer string, while time.Duration, meanwhile ...string,
) *httptest.ResponseRecorder {
	done := make(chan struct{})
	s.bus.After = func(topic string) error {
		if topic == "order-commands" {
			go func() {
				defer close(done)
				time.Sleep(while)
				for _, step := range append(meanwhile, "cancel") {
					must(t, steps[step](t, s, id))
				}
			}()
		}
		return nil
	}
	r := request{method: http.MethodPost, path: "/" + id + "/cancel"}
	if prefer != "" {
		r.header = http.Header{"Prefer": {prefer}}
	}
	answer := s.do(t.Context(), r)
	<-done
	return answer
}

func TestCancel_waitsForTheOutcome(t *testing.T) {
	tests := map[string]struct {
		prefer    string
		worker    time.Duration
		meanwhile []string
		status    int
		shown     domain.Status
		took      time.Duration
	}{
		"done at once":       {"", 0, nil, 200, domain.Cancelled, 200 * time.Millisecond},
		"done soon":          {"", time.Second, nil, 200, domain.Cancelled, 2 * time.Second},
		"confirmed before":   {"", time.Second, []string{"reserve"}, 200, domain.Cancelled, 2 * time.Second},
		"not yet":            {"", time.Minute, nil, 202, domain.Pending, time.Minute},
		"shipped meanwhile":  {"", time.Second, []string{"reserve", "ship"}, 409, "", 2 * time.Second},
		"rejected meanwhile": {"", time.Second, []string{"reject"}, 409, "", 2 * time.Second},
		"not waited for":     {"handling=strict, Respond-Async; x=1", 0, nil, 202, domain.Pending, time.Millisecond},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, began := newShop(t), time.Now()
				answer := cancelled(t, s, s.placed(t, "").ID, tt.prefer, tt.worker, tt.meanwhile...)
				if took := time.Since(began); took > tt.took {
					t.Errorf("it took %s", took)
				}
				if tt.shown == "" {
					expectProblem(t, answer, tt.status, errs.Conflict, "")
				} else if order := orderOf(t, answer, tt.status); order.Status != tt.shown {
					t.Errorf("got %s, want %s", order.Status, tt.shown)
				}
				if applied := answer.Header().Get("Preference-Applied") != ""; applied != (tt.prefer != "") {
					t.Error("Preference-Applied does not say whether it was")
				}
			})
		})
	}
}

func TestCancel_answersForDecidedOrders(t *testing.T) {
	s := newShop(t)
	order := s.placed(t, "")
	cancel := request{method: http.MethodPost, path: "/" + order.ID + "/cancel"}
	s.bus.Before = func(string) error { return errBroker }
	expectProblem(t, s.do(t.Context(), cancel), 503, errs.Unavailable, "")
	s.bus.Before = nil
	must(t, s.command(t, "cancel", order.ID))
	if got := orderOf(t, s.do(t.Context(), cancel), http.StatusOK); got.Status != domain.Cancelled || got.Reason == "" {
		t.Errorf("got %+v", got)
	}
	rejected := s.placed(t, "")
	must(t, steps["reject"](t, s, rejected.ID))
	cancel.path = "/" + rejected.ID + "/cancel"
	expectProblem(t, s.do(t.Context(), cancel), 409, errs.Conflict, "")
}
