// Package messaging carries typed events over Dapr pub/sub: facts and commands as CloudEvents with deterministic ids,
// published on one component per topic, and received by one table of subscriptions that heals by itself, retries what
// may succeed later and sets aside what never will.
package messaging

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"stoa/pkg/common/ids"
)

// Event is one fact or command on its way, a CloudEvent 1.0 with a JSON payload.
type Event struct {
	// ID tells copies of one event from other events. Brokers drop a second copy where they can.
	ID string `json:"id"`
	// Type is <aggregate>.<fact>.v1, such as "order.placed.v1".
	Type string `json:"type"`
	// Source is the app-id of the publisher.
	Source string `json:"source"`
	// Subject is the id of the aggregate.
	Subject string `json:"subject,omitempty"`
	// Time is when the event was made, in UTC.
	Time time.Time `json:"time"`
	// TraceParent ties the event to the trace that it belongs to (W3C Trace Context).
	TraceParent string `json:"traceparent,omitempty"`
	// Data is the payload.
	Data json.RawMessage `json:"data"`
}

// New returns an event of this type about this subject. Its id follows from type, subject and cause, so that a handler
// that runs twice publishes the same event twice; a cause is whatever makes this occurrence the one that it is.
func New(eventType, subject string, data any, cause ...string) (Event, error) {
	raw, err := json.Marshal(data)
	if err != nil {
		return Event{}, fmt.Errorf("event %s: %w", eventType, err)
	}
	id := ids.Derive(append([]string{eventType, subject}, cause...)...)
	return Event{ID: id, Type: eventType, Subject: subject, Time: time.Now().UTC().Truncate(time.Microsecond), Data: raw}, nil
}

// Component is the name of the pub/sub component of a topic. There is one for each, so that an operator can place a
// single topic on another broker.
func Component(topic string) string { return "pubsub-" + topic }

// cloudEvent is an event as it travels. Dapr takes an envelope of ours as it is, but knows the trace by "traceid" too,
// and would put another one in its place.
type cloudEvent struct {
	SpecVersion     string `json:"specversion"`
	DataContentType string `json:"datacontenttype"`
	TraceID         string `json:"traceid,omitempty"`
	Event
}

func (e Event) encode(ctx context.Context, source string) ([]byte, error) {
	e.Source = source
	if parent := traceParent(ctx); parent != "" {
		e.TraceParent = parent
	}
	return json.Marshal(cloudEvent{
		SpecVersion: "1.0", DataContentType: "application/json", TraceID: e.TraceParent, Event: e,
	})
}
