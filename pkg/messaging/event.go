// Package messaging carries typed events over Dapr pub/sub. Facts and commands are CloudEvents whose ids follow from their
// cause. Each topic has its own component. A table of subscriptions receives them: it subscribes again after an outage,
// retries what may succeed later, and sets aside what never will.
package messaging

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"stoa/pkg/common/forms"
	"stoa/pkg/common/ids"
)

// Event is one fact or command: a CloudEvent 1.0 with a JSON payload.
type Event struct {
	// ID is the same for all copies of one event. Brokers that can drop a second copy do so.
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

// New returns an event of this type about this subject. Its id follows from type, subject and cause, so that a handler that
// runs twice publishes copies of one event. The cause tells this occurrence from others of the same type and subject.
func New(eventType, subject string, data any, cause ...string) (Event, error) {
	raw, err := forms.Write(data)
	if err != nil {
		return Event{}, fmt.Errorf("event %s: %w", eventType, err)
	}
	id := ids.Derive(append([]string{eventType, subject}, cause...)...)
	return Event{ID: id, Type: eventType, Subject: subject, Time: time.Now().UTC().Truncate(time.Microsecond), Data: raw}, nil
}

// Component is the name of the pub/sub component of a topic. Each topic has one, so that an operator can move a single topic
// to another broker.
func Component(topic string) string { return "pubsub-" + topic }

// cloudEvent is an event as it travels. Dapr forwards our envelope as it is, but sets "traceid" to another trace if we do
// not set it.
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
