// Package messaging publishes and consumes events over Dapr pub/sub. An event is a fact or a command, as a CloudEvent whose id
// follows from its cause. A Consumer subscribes to topics, and subscribes again after an outage. It retries an event that may
// succeed later, and publishes one that never will as a dead letter.
package messaging

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"stoa/pkg/common/forms"
	"stoa/pkg/common/ids"
)

// Event is one fact or command: a CloudEvent 1.0 with a JSON payload.
type Event struct {
	// ID is the same for all copies of one event. Brokers that can drop a second copy do so.
	ID string `json:"id"`
	// Type is <aggregate>.<fact or command>.v1, such as "order.placed.v1" or "order.cancel.v1".
	Type string `json:"type"`
	// Source is the app-id of the publisher.
	Source string `json:"source"`
	// Subject is the id of the aggregate.
	Subject string `json:"subject,omitempty"`
	// Time is when New made the event, in UTC.
	Time time.Time `json:"time"`
	// TraceParent is the trace and span that published the event (W3C Trace Context).
	TraceParent string `json:"traceparent,omitempty"`
	// Data is the payload. Typed refuses what is not JSON.
	Data json.RawMessage `json:"data"`
}

// New returns an event of this type about this subject. Its id follows from type, subject and cause, so a handler that runs
// twice publishes two copies of one event. The cause, such as the id of the event that is handled, makes the id differ from
// those of other events of the same type and subject.
func New(eventType, subject string, data any, cause ...string) (Event, error) {
	raw, err := forms.Write(data)
	if err != nil {
		return Event{}, fmt.Errorf("event %s: %w", eventType, err)
	}
	return Event{
		ID: idOf(eventType, subject, cause), Type: eventType, Subject: subject,
		Time: time.Now().UTC().Truncate(time.Microsecond), Data: raw,
	}, nil
}

func idOf(eventType, subject string, cause []string) string {
	return ids.Derive(append([]string{eventType, subject}, cause...)...)
}

// Component is the name of the pub/sub component of a topic. Each topic has its own, so that an operator can move one topic to
// another broker.
func Component(topic string) string { return "pubsub-" + topic }

// cloudEvent is an event as it is published. Dapr leaves these fields as they are, but would set a missing "traceid" to another
// trace.
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

// decode reads an event as it was published. Publishers other than this package may send its payload as bytes.
func decode(message []byte) (Event, error) {
	var published struct {
		cloudEvent
		Bytes []byte `json:"data_base64"`
	}
	if err := json.Unmarshal(message, &published); err != nil {
		return Event{}, err
	}
	e := published.Event
	if published.Bytes != nil {
		e.Data = published.Bytes
	}
	if e.ID == "" || e.Type == "" {
		return Event{}, errors.New("it has no id or no type")
	}
	return e, nil
}
