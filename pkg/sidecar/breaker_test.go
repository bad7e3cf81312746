package sidecar

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/common/rpc"
	"stoa/pkg/common/web"
)

// world is an app behind sidecars, over HTTP and gRPC. It answers, or it does what it is told instead.
type world struct {
	frozen, restarting atomic.Bool
	refuses            atomic.Bool // access control does, after the sidecar has tried for two seconds
	calls, running     atomic.Int64
	most               atomic.Int64 // calls at the same time
	status             int          // of its HTTP answers
}

// wait keeps a call for as long as the app is frozen. It returns an error if the app gives no answer.
func (w *world) wait(ctx context.Context) error {
	w.calls.Add(1)
	w.most.Store(max(w.most.Load(), w.running.Add(1)))
	defer w.running.Add(-1)
	if w.refuses.Load() {
		time.Sleep(1900 * time.Millisecond)
		return status.Error(codes.PermissionDenied, "access control")
	}
	if w.restarting.Load() {
		return errors.New("connection refused")
	}
	for tick := time.Tick(50 * time.Millisecond); ; {
		if !w.frozen.Load() {
			return nil
		}
		select {
		case <-tick:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// RoundTrip is the sidecar's HTTP API.
func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return nil, err
	}
	err := w.wait(r.Context())
	if status.Code(err) == codes.PermissionDenied {
		body := io.NopCloser(strings.NewReader("ERR_DIRECT_INVOKE"))
		return &http.Response{StatusCode: http.StatusForbidden, Header: http.Header{}, Body: body}, nil
	}
	if err != nil {
		return nil, err
	}
	header := http.Header{web.AnswerHeader: {"*"}}
	return &http.Response{StatusCode: w.status, Header: header, Body: http.NoBody}, nil
}

// Invoke is the sidecar's gRPC API.
func (w *world) Invoke(ctx context.Context, _ string, _, _ any, opts ...grpc.CallOption) error {
	if err := w.wait(ctx); err != nil {
		if _, known := status.FromError(err); !known {
			err = status.FromContextError(err).Err()
		}
		return err
	}
	for _, option := range opts {
		if trailer, ok := option.(grpc.TrailerCallOption); ok {
			*trailer.TrailerAddr = metadata.Pairs(rpc.AnswerTrailer, "*")
		}
	}
	return status.Error(codes.Internal, "a defect")
}

func (*world) NewStream(context.Context, *grpc.StreamDesc, string, ...grpc.CallOption) (grpc.ClientStream, error) {
	return nil, errors.ErrUnsupported
}

// beside returns a process beside the sidecars of this world, and its log.
func (w *world) beside(t *testing.T) (*Sidecar, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	breakers := must.Get(newBreakers(zerolog.New(&log)))(t)
	return &Sidecar{http: &http.Client{Transport: w}, base: "http://sidecar", breakers: breakers}, &log
}

// kinds are the ways to call an app.
var kinds = map[string]func(ctx context.Context, w *world, s *Sidecar) error{
	"HTTP": func(ctx context.Context, _ *world, s *Sidecar) error {
		return s.Invoke(ctx, "app", http.MethodGet, "/", nil, nil)
	},
	"gRPC": func(ctx context.Context, w *world, s *Sidecar) error {
		return rpc.FromStatus(appConn{conn: w, appID: "app", breaker: s.breakers.of("app")}.Invoke(ctx, "/x/y", nil, nil))
	},
}

// 200 callers of an app that freezes: once the breaker is open each gets its answer at once, one call at a time tries, and
// two seconds after the app's return all calls go through.
func TestBreaker_sparesCallersOfAFrozenApp(t *testing.T) {
	for name, call := range kinds {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &world{status: http.StatusOK}
				side, log := w.beside(t)
				w.frozen.Store(true)
				began := time.Now()
				var opened, over atomic.Bool
				var all sync.WaitGroup
				for range 200 {
					all.Go(func() {
						for ; !over.Load(); time.Sleep(100 * time.Millisecond) {
							asked, refuses := time.Now(), opened.Load()
							err := call(t.Context(), w, side)
							took := time.Since(asked)
							if !refuses || !w.frozen.Load() {
								continue
							}
							if known := errs.From(err); known.Kind != errs.Unavailable || took == 0 && known.RetryAfter != tryAgainAfter {
								t.Errorf("got %v", err)
							}
							if took != 0 && took != callTimeout {
								t.Errorf("a caller waited %s", took)
							}
						}
					})
				}
				time.Sleep(callTimeout + 200*time.Millisecond)
				opened.Store(true)
				if got := side.Breakers()["app"]; got != "open" {
					t.Errorf("it is %s after %s", got, time.Since(began))
				}
				w.most.Store(0)
				w.calls.Store(0)
				time.Sleep(10 * time.Second)
				if calls, most := w.calls.Load(), w.most.Load(); calls > 12 || most > 3 {
					t.Errorf("%d calls in ten seconds, %d at once", calls, most)
				}
				w.frozen.Store(false)
				time.Sleep(2 * time.Second)
				if got := side.Breakers()["app"]; got != "closed" {
					t.Errorf("it is %s two seconds after the return", got)
				}
				w.calls.Store(0)
				time.Sleep(time.Second)
				if calls := w.calls.Load(); calls < 200*9 {
					t.Errorf("%d calls in a second", calls)
				}
				over.Store(true)
				all.Wait()
				changes := changes(t, log)
				if len(changes) < 3 || !slices.Equal(changes[:2], []string{"open", "half-open"}) || changes[len(changes)-1] != "closed" {
					t.Errorf("the log says %v", changes)
				}
			})
		})
	}
}

// changes are the states of the breaker for the app, as logged.
func changes(t *testing.T, log io.Reader) []string {
	t.Helper()
	var states []string
	for lines := json.NewDecoder(log); lines.More(); {
		var line struct{ Target, To string }
		must.Do(t, lines.Decode(&line))
		if line.Target == "app" {
			states = append(states, line.To)
		}
	}
	return states
}

func TestBreaker_countsOnlyAppsThatKeepCallersWaiting(t *testing.T) {
	const frozen, answers, restarts, refuses = "frozen", "answers", "restarts", "refuses"
	post := func(body io.Reader) func(ctx context.Context, _ *world, s *Sidecar) error {
		return func(ctx context.Context, _ *world, s *Sidecar) error {
			request, err := http.NewRequestWithContext(Target(ctx, "app"), http.MethodPost, "http://x/", body)
			if err != nil {
				return err
			}
			_, err = s.Transport().RoundTrip(request)
			return err
		}
	}
	stalled := readerFunc(func([]byte) (int, error) {
		time.Sleep(3 * time.Second)
		return 0, errors.New("the client is slow")
	})
	for name, tt := range map[string]struct {
		app  string
		call func(ctx context.Context, w *world, s *Sidecar) error
		wait time.Duration // until the caller goes away or, if negative, its deadline
		want string
	}{
		"no answer over HTTP":                 {frozen, kinds["HTTP"], 0, "open"},
		"no answer over gRPC":                 {frozen, kinds["gRPC"], 0, "open"},
		"no answer to a request in chunks":    {frozen, post(strings.NewReader("x")), -3 * time.Second, "open"},
		"a caller's own deadline":             {frozen, kinds["HTTP"], -1500 * time.Millisecond, "open"},
		"a caller's own deadline is short":    {frozen, kinds["HTTP"], -500 * time.Millisecond, "closed"},
		"a caller of HTTP goes away":          {frozen, kinds["HTTP"], 1500 * time.Millisecond, "closed"},
		"a caller of gRPC goes away":          {frozen, kinds["gRPC"], 1500 * time.Millisecond, "closed"},
		"a defect over HTTP, a 500":           {answers, kinds["HTTP"], 0, "closed"},
		"a defect over gRPC, Internal":        {answers, kinds["gRPC"], 0, "closed"},
		"a restart, where calls fail at once": {restarts, kinds["HTTP"], 0, "closed"},
		"access control over HTTP":            {refuses, kinds["HTTP"], 0, "closed"},
		"access control over gRPC":            {refuses, kinds["gRPC"], 0, "closed"},
		"a body that does not arrive":         {frozen, post(stalled), 0, "closed"},
		"a body that does not arrive in time": {frozen, post(stalled), -2 * time.Second, "closed"},
		"a body that breaks":                  {frozen, post(iotest.ErrReader(io.ErrUnexpectedEOF)), 0, "closed"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &world{status: http.StatusInternalServerError}
				side, _ := w.beside(t)
				w.frozen.Store(tt.app == frozen)
				w.restarting.Store(tt.app == restarts)
				w.refuses.Store(tt.app == refuses)
				for range 10 * tripAfter {
					ctx, leave := context.WithCancel(t.Context())
					if tt.wait < 0 {
						ctx, leave = context.WithTimeout(t.Context(), -tt.wait)
					}
					if tt.wait > 0 {
						time.AfterFunc(tt.wait, leave)
					}
					if err := tt.call(ctx, w, side); err == nil {
						t.Fatal("a call succeeded")
					}
					leave()
					if side.Breakers()["app"] == "open" {
						break
					}
				}
				if got := side.Breakers()["app"]; got != tt.want {
					t.Errorf("it is %s, want %s", got, tt.want)
				}
			})
		})
	}
}

// A breaker that nobody needs any more cannot close. Its metric must not wake somebody up for ever.
func TestBreaker_isShownWhileSomebodyCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{status: http.StatusOK}
		side, _ := w.beside(t)
		w.frozen.Store(true)
		for side.Breakers()["app"] != "open" {
			_ = kinds["HTTP"](t.Context(), w, side)
		}
		app := side.breakers.of("app")
		for range 10 { // who is refused calls, too
			time.Sleep(shownFor / 2)
			_ = kinds["HTTP"](t.Context(), w, side)
			if app.shown() == 0 {
				t.Fatal("an app that gives no answers is shown as one that does")
			}
		}
		time.Sleep(shownFor + time.Second)
		if got := app.shown(); got != 0 {
			t.Errorf("nobody calls the app, and its breaker is shown as %d", got)
		}
		if got := side.Breakers()["app"]; got == "closed" {
			t.Errorf("it is %s without an answer", got)
		}
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// An operation that never ends does not shut an app that answers others.
func TestBreaker_staysClosedForAnAppThatAnswersOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hanging, fine := &world{}, &world{status: http.StatusOK}
		hanging.frozen.Store(true)
		side, _ := fine.beside(t)
		stuck := &Sidecar{http: &http.Client{Transport: hanging}, base: side.base, breakers: side.breakers}
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() { _ = kinds["HTTP"](t.Context(), hanging, stuck) })
		}
		for range 10 {
			time.Sleep(400 * time.Millisecond)
			if err := kinds["HTTP"](t.Context(), fine, side); err != nil {
				t.Errorf("an answer is not passed on: %v", err)
			}
		}
		all.Wait()
		if got := side.Breakers()["app"]; got != "closed" {
			t.Errorf("it is %s", got)
		}
	})
}
