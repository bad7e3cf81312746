package identity

import (
	"context"
	"time"

	"golang.org/x/sync/singleflight"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/recent"
)

const (
	// askTimeout bounds one question to auth.
	askTimeout = 2 * time.Second
	// retryPause is the least time after a question without an answer: short, so that an outage ends quickly for callers.
	retryPause = 250 * time.Millisecond
	// outage is what callers are told while auth does not answer.
	outage = "access tokens cannot be checked now: auth does not answer"
)

// answers remembers what auth answered. All callers that wait for the same answer share one question, and nobody waits while
// the last answer may still be used.
type answers[V any] struct {
	fresh  time.Duration // how long an answer is used without asking again
	pause  time.Duration // the least time after a question that was answered
	ask    func(ctx context.Context, about string) (V, error)
	flight singleflight.Group
	known  *recent.Memory[string, answer[V]]
}

// newAnswers returns a cache of up to twice limit answers. Any error of ask means that auth gave no answer, because the
// caller's token is never at fault.
func newAnswers[V any](limit int, fresh, pause time.Duration, ask func(ctx context.Context, about string) (V, error)) *answers[V] {
	return &answers[V]{fresh: fresh, pause: pause, ask: ask, known: recent.New[string, answer[V]](limit)}
}

// answer is the latest answer to a question.
type answer[V any] struct {
	value V
	asked time.Time // when the question was sent: what happened later is not in the answer

	failed error     // why a later question got no answer
	next   time.Time // the earliest time of the next question
}

// get returns the answer about a session id, or the key set. It fails with errs.Unavailable if there is no answer. usable says
// whether an answer of this age may be used while auth is asked again.
func (a *answers[V]) get(ctx context.Context, about string, usable func(value V, age time.Duration) bool) (V, error) {
	last, _ := a.known.Get(about)
	age := time.Since(last.asked)
	use := usable(last.value, age)
	if use && age < a.fresh {
		return last.value, nil
	}
	done := a.flight.DoChan(about, func() (any, error) { return a.refresh(context.WithoutCancel(ctx), about) })
	if use {
		return last.value, nil // the caller does not wait for the answer
	}
	select {
	case result := <-done:
		value, _ := result.Val.(V)
		return value, result.Err
	case <-ctx.Done():
		return last.value, errs.Wrap(errs.Unavailable, ctx.Err(), outage)
	}
}

// refresh asks auth, unless that happened a moment ago. It runs in one goroutine at a time for each question.
func (a *answers[V]) refresh(ctx context.Context, about string) (any, error) {
	last, _ := a.known.Get(about)
	if time.Now().Before(last.next) {
		return last.value, last.failed
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	asked := time.Now()
	value, err := a.ask(ctx, about)
	if err == nil {
		last = answer[V]{value: value, asked: asked, next: time.Now().Add(a.pause)}
	} else {
		last.failed, last.next = errs.Wrap(errs.Unavailable, err, outage), time.Now().Add(retryPause)
	}
	a.known.Put(about, last)
	return last.value, last.failed
}
