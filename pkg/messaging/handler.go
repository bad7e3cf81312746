package messaging

import (
	"context"
	"encoding/json"

	"stoa/pkg/common/errs"
)

// Handler handles one event. It may run twice for one event, and at the same time in two replicas. What its error
// means stands in outcomeOf.
type Handler func(ctx context.Context, e Event) error

// Subscription is one topic and what is done with its events, by type. Events of other types are passed over.
type Subscription struct {
	Topic string
	On    map[string]Handler
}

// Typed returns a handler that reads the payload into T first. A payload that T cannot hold is invalid for good.
func Typed[T any](handle func(ctx context.Context, e Event, data T) error) Handler {
	return func(ctx context.Context, e Event) error {
		var data T
		if err := json.Unmarshal(e.Data, &data); err != nil {
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
	// retry: have it delivered again, for as long as it takes.
	retry outcome = "retry"
	// setAside: publish it as a dead letter, then acknowledge it.
	setAside outcome = "dead_letter"
)

// maxAttempts is how often an event may fail while what its handler depends on is up.
const maxAttempts = 10

// outcomeOf is the one table from a handler's error to what becomes of the event; HTTP statuses have no part in it.
// An outage is waited out, however long. What the handler calls invalid is set aside at once, and so is, after a
// number of attempts, what keeps failing for any other reason.
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
