package sidecar

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"github.com/sony/gobreaker/v2"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"stoa/pkg/common/errs"
)

// docs/decisions/0019 says why these values.
const (
	// keptWaiting is how long a call without an answer must take to count. A call that fails sooner costs its caller nothing,
	// and is normal while an app restarts.
	keptWaiting = time.Second
	// tripAfter is how many calls in a row must keep their callers waiting. Nobody else may have had an answer meanwhile.
	tripAfter = 5
	// openFor is how long no call is sent after that. Then one may try.
	openFor = 500 * time.Millisecond
	// tryAgainAfter is what refused callers are told.
	tryAgainAfter = time.Second
	// shownFor is how long after the last call the metric shows the state. Only a call can close a breaker, so without callers it
	// would show for ever what was once.
	shownFor = 5 * time.Minute
)

// What a call says about its app. Any answer of the app is nil, even an error.
var (
	errNoAnswer  = errors.New("the app gave no answer")
	errUncounted = errors.New("this says nothing about the app")
)

// breakers has a circuit breaker for each app that this process calls.
type breakers struct {
	log zerolog.Logger

	mu    sync.Mutex
	byApp map[string]*breaker
}

func newBreakers(log zerolog.Logger) (*breakers, error) {
	b := &breakers{log: log, byApp: map[string]*breaker{}}
	_, err := otel.Meter("stoa/sidecar").Int64ObservableGauge("stoa.breaker.state", metric.WithInt64Callback(b.observe),
		metric.WithDescription("State of the circuit breaker for an app: 0 closed or not needed lately, 1 half-open, 2 open"))
	return b, err
}

// observe shows all states.
func (b *breakers) observe(_ context.Context, o metric.Int64Observer) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for appID, breaker := range b.byApp {
		o.Observe(breaker.shown(), metric.WithAttributes(attribute.String("target", appID)))
	}
	return nil
}

// of returns the breaker for an app.
func (b *breakers) of(appID string) *breaker {
	b.mu.Lock()
	defer b.mu.Unlock()
	known, ok := b.byApp[appID]
	if !ok {
		known = b.newBreaker(appID)
		b.byApp[appID] = known
	}
	return known
}

// states returns the state of each breaker, by app.
func (b *breakers) states() map[string]string {
	b.mu.Lock()
	defer b.mu.Unlock()
	states := map[string]string{}
	for appID, breaker := range b.byApp {
		states[appID] = breaker.gate.State().String()
	}
	return states
}

// breaker refuses calls to an app while the app gives no answers.
type breaker struct {
	appID    string
	gate     *gobreaker.TwoStepCircuitBreaker[any]
	answered atomic.Pointer[time.Time]
	asked    atomic.Pointer[time.Time] // when somebody last called the app, or was refused
}

func (b *breakers) newBreaker(appID string) *breaker {
	app := &breaker{appID: appID}
	app.answered.Store(&time.Time{})
	app.asked.Store(&time.Time{})
	app.gate = gobreaker.NewTwoStepCircuitBreaker[any](gobreaker.Settings{
		Timeout:    openFor,
		IsExcluded: func(err error) bool { return errors.Is(err, errUncounted) },
		ReadyToTrip: func(counts gobreaker.Counts) bool {
			return counts.ConsecutiveFailures >= tripAfter && time.Since(*app.answered.Load()) >= keptWaiting
		},
		OnStateChange: func(_ string, from, to gobreaker.State) {
			b.log.Warn().Str("target", appID).Stringer("from", from).Stringer("to", to).Msg("circuit breaker")
		},
	})
	return app
}

// shown is the state as the metric has it.
func (b *breaker) shown() int64 {
	if time.Since(*b.asked.Load()) > shownFor {
		return int64(gobreaker.StateClosed)
	}
	return int64(b.gate.State())
}

// Crowd speaks to an app's circuit breaker for callers who wait for the call of another: they have waited as long.
type Crowd struct{ breaker *breaker }

// Crowd returns the crowd that waits for an app.
func (s *Sidecar) Crowd(appID string) Crowd { return Crowd{breaker: s.breakers.of(appID)} }

// Closed reports whether calls go through to the app.
func (c Crowd) Closed() bool { return c.breaker.gate.State() == gobreaker.StateClosed }

// Waited counts a caller who has waited this long, in vain unless the app has answered somebody meanwhile.
func (c Crowd) Waited(took time.Duration) {
	if took < keptWaiting || time.Since(*c.breaker.answered.Load()) < took || !c.Closed() {
		return
	}
	if report, err := c.breaker.gate.Allow(); err == nil {
		report(errNoAnswer)
	}
}

// do makes a call, unless the app gives no answers: then it fails with errs.Unavailable at once. The call returns nil if the
// app answered, and errUncounted or errNoAnswer otherwise.
func (b *breaker) do(ctx context.Context, call func() error) error {
	began := time.Now()
	b.asked.Store(&began)
	report, err := b.gate.Allow()
	if err != nil {
		return &errs.Error{
			Kind: errs.Unavailable, Message: "a service that this needs does not answer", RetryAfter: tryAgainAfter,
			Cause: fmt.Errorf("calling %s: %w", b.appID, err),
		}
	}
	// A call that tries whether the app is back must not keep others from trying.
	waiting := time.AfterFunc(keptWaiting, func() { report(errUncounted) })
	outcome := call()
	soon := waiting.Stop()
	switch {
	case outcome == nil:
		now := time.Now()
		b.answered.Store(&now)
		report(nil)
	case soon:
		report(errUncounted)
	case !errors.Is(context.Cause(ctx), context.Canceled): // the caller has not gone away
		report(outcome)
	}
	return nil
}
