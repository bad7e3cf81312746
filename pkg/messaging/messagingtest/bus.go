// Package messagingtest has a bus in memory that keeps the published events, for tests.
package messagingtest

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	dapr "github.com/dapr/go-sdk/client"

	"stoa/api/events"
	"stoa/pkg/messaging"
)

// Published is one event and the topic on which it was published.
type Published struct {
	Topic string
	messaging.Event
}

// Bus keeps the published events and delivers none. It is safe for concurrent use.
type Bus struct {
	// Before, if set, is called before an event is kept. If it fails, its error is returned and the event is not kept.
	Before func(topic string) error
	// After, if set, is called after an event was kept. Its error is returned although the event was kept.
	After func(topic string) error

	mu     sync.Mutex
	events []Published
}

// NewPublisher returns a bus and a publisher on it. At the end of the test each event is checked against its schema in
// api/events.
func NewPublisher(t testing.TB, appID string) (*Bus, *messaging.Publisher) {
	t.Helper()
	bus := &Bus{}
	publisher, err := messaging.NewPublisher(bus, appID)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, e := range bus.Events() {
			if err := events.Check(e.Type, e.Data); err != nil {
				t.Errorf("a published %s does not match its schema: %v", e.Type, err)
			}
		}
	})
	return bus, publisher
}

// PublishEvent keeps an event. It is what a Publisher calls on a sidecar's client.
func (b *Bus) PublishEvent(ctx context.Context, component, topic string, data any, _ ...dapr.PublishEventOption) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if component != messaging.Component(topic) {
		return fmt.Errorf("topic %s belongs to the component %s, not %s", topic, messaging.Component(topic), component)
	}
	if b.Before != nil {
		if err := b.Before(topic); err != nil {
			return err
		}
	}
	raw, ok := data.([]byte)
	if !ok {
		return fmt.Errorf("got a %T, want bytes", data)
	}
	published := Published{Topic: topic}
	if err := json.Unmarshal(raw, &published.Event); err != nil {
		return err
	}
	b.mu.Lock()
	b.events = append(b.events, published)
	b.mu.Unlock()
	if b.After != nil {
		return b.After(topic)
	}
	return nil
}

// Events returns the events published so far, in order, copies included.
func (b *Bus) Events() []Published {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]Published(nil), b.events...)
}

// Types returns the types of the events published so far, in order.
func (b *Bus) Types() []string {
	var types []string
	for _, e := range b.Events() {
		types = append(types, e.Type)
	}
	return types
}
