package messaging

import (
	"context"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/forms"
)

// Handler handles one event. It may run twice for one event, also at the same time in two replicas. outcomeOf says what
// its error means.
type Handler func(ctx context.Context, e Event) error

// Subscription is one topic with the handlers of its events, by type. Events of other types are acknowledged unread.
type Subscription struct {
	Topic string
	On    map[string]Handler
}

// Typed returns a handler that reads the payload into T first. Package forms reads what earlier builds published; what a
// later build published is retried. A payload that does not fit T is invalid for good.
func Typed[T any](handle func(ctx context.Context, e Event, data T) error) Handler {
	return func(ctx context.Context, e Event) error {
		var data T
		err := forms.Read(e.Data, &data)
		switch {
		case errs.Is(err, errs.Unavailable):
			return err
		case err != nil:
			return errs.Wrap(errs.Invalid, err, "the payload of this %s cannot be read", e.Type)
		}
		return handle(ctx, e, data)
	}
}

// outcome is what becomes of an event after its handler ran.
type outcome string

const (
	// done: acknowledge it.
	done outcome = "done"
	// retry: have it delivered again, however often.
	retry outcome = "retry"
	// setAside: publish it as a dead letter, then acknowledge it.
	setAside outcome = "dead_letter"
)

// maxAttempts is how often an event may fail while the dependencies of its handler are up.
const maxAttempts = 10

// outcomeOf is the one table from a handler's error to what becomes of the event. HTTP statuses play no part in it. An
// outage is waited out. An invalid event is set aside at once, and one that fails for any other reason after maxAttempts.
func outcomeOf(err error, attempts int) outcome {
	switch {
	case err == nil:
		return done
	case errs.Is(err, errs.Unavailable):
		return retry
	case errs.Is(err, errs.Invalid), errs.Is(err, errs.Malformed), attempts >= maxAttempts:
		return setAside
	default:
		return retry
	}
}
