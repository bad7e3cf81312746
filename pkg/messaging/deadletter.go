package messaging

import (
	"context"
	"encoding/json"
	"time"
)

// DeadLetters is the topic of the events that a consumer could not handle.
const DeadLetters = "dead-letters"

// DeadLetterType is the type of the events on the topic DeadLetters.
const DeadLetterType = "dead-letter.recorded.v1"

// DeadLetter is an event that a consumer could not handle, with what staff need to understand it and to publish it again.
type DeadLetter struct {
	// ID follows from the event and the consumer: if this consumer fails on this event again, it is the same dead letter.
	ID string `json:"id"`
	// Consumer is the app-id of the consumer.
	Consumer string `json:"consumer"`
	// Topic is that of the event.
	Topic string `json:"topic"`
	// Reason is the last error.
	Reason string `json:"reason"`
	// Attempts is how often handling has failed, outages not counted.
	Attempts int `json:"attempts"`
	// FailedAt is the time of the last attempt.
	FailedAt time.Time `json:"failedAt"`
	// TraceID finds the event in the logs.
	TraceID string `json:"traceId,omitempty"`
	// Event is the event itself. A payload that is not JSON is here as a JSON string.
	Event Event `json:"event"`
}

// PublishDeadLetter publishes an event that this app could not handle. It sets ID and Consumer.
func (p *Publisher) PublishDeadLetter(ctx context.Context, letter DeadLetter) error {
	letter.Consumer = p.source
	if !json.Valid(letter.Event.Data) {
		letter.Event.Data, _ = json.Marshal(string(letter.Event.Data)) // a string always marshals
	}
	cause := []string{letter.Event.ID, letter.Consumer}
	letter.ID = idOf(DeadLetterType, letter.Event.Subject, cause)
	e, err := New(DeadLetterType, letter.Event.Subject, letter, cause...)
	if err != nil {
		return err
	}
	return p.Publish(ctx, DeadLetters, e)
}
