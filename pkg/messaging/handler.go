package messaging

import (
	"context"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/forms"
	"stoa/pkg/common/ids"
)

// Handler handles one event. It may run twice for one event, even at the same time in two replicas. An error of the kind
// errs.Unavailable is retried without end. Invalid and Malformed make a dead letter at once, all other kinds after ten
// attempts.
type Handler func(ctx context.Context, e Event) error

// Subscription is one topic with the handlers of its events, by type. Events of other types are acknowledged and ignored.
type Subscription struct {
	Topic string
	On    map[string]Handler
}

// read returns the event in a message and its handler, or no handler if the event is to be ignored. A message that is not an
// event becomes one without a type, and its handler fails: nobody could ever handle it.
func (s Subscription) read(message []byte) (Event, Handler) {
	e, err := decode(message)
	if err != nil {
		unreadable := Event{ID: ids.Derive("unreadable", s.Topic, string(message)), Data: message}
		return unreadable, func(context.Context, Event) error {
			return errs.Wrap(errs.Invalid, err, "this message is not an event")
		}
	}
	return e, s.On[e.Type]
}

// Typed returns a handler that first reads the payload into T. Package forms reads what earlier builds published. An event of
// a later build is retried. Any other payload that cannot be read is errs.Invalid.
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

// outcome is what happens to an event after its handler has run.
type outcome string

const (
	// done: acknowledge it.
	done outcome = "done"
	// retry: have it delivered again.
	retry outcome = "retry"
	// setAside: publish it as a dead letter, then acknowledge it.
	setAside outcome = "dead_letter"
)

// maxAttempts is how often an event may fail, outages not counted.
const maxAttempts = 10

// outcomeOf is the one table from the error of a handler to the outcome. defects is the number of failures without outages.
func outcomeOf(err error, defects int) outcome {
	switch {
	case err == nil:
		return done
	case errs.Is(err, errs.Unavailable):
		return retry
	case errs.Is(err, errs.Invalid), errs.Is(err, errs.Malformed), defects >= maxAttempts:
		return setAside
	default:
		return retry
	}
}
