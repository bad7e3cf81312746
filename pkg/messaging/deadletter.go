package messaging

import (
	"context"
	"time"
)

// DeadLetters is the topic of the events that a consumer could not handle.
const DeadLetters = "dead-letters"

// DeadLetterType is the type of the events on the topic DeadLetters.
const DeadLetterType = "dead-letter.recorded.v1"

// DeadLetter is an event that a consumer could not handle, with what it takes to understand it and to publish it again.
type DeadLetter struct {
	// ID is the same for every copy of one event that one consumer gave up on.
	ID string `json:"id"`
	// Consumer is the app-id of the consumer.
	Consumer string `json:"consumer"`
	// Topic is where the event came from.
	Topic string `json:"topic"`
	// Reason is the last error.
	Reason string `json:"reason"`
	// Attempts is how often the consumer tried.
	Attempts int `json:"attempts"`
	// FailedAt is when it gave up.
	FailedAt time.Time `json:"failedAt"`
	// TraceID is the trace of the event, for a look into the logs.
	TraceID string `json:"traceId,omitempty"`
	// Event is the event itself.
	Event Event `json:"event"`
}

func (c *Consumer) publishDeadLetter(ctx context.Context, letter DeadLetter) error {
	e, err := New(DeadLetterType, letter.Event.Subject, nil, letter.Event.ID, letter.Consumer)
	if err != nil {
		return err
	}
	letter.ID = e.ID
	if e, err = New(DeadLetterType, letter.Event.Subject, letter, letter.Event.ID, letter.Consumer); err != nil {
		return err
	}
	return c.publisher.Publish(ctx, DeadLetters, e)
}
