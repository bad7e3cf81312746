package conformance

import (
	"context"
	"fmt"
	"time"

	dapr "github.com/dapr/go-sdk/client"

	"stoa/pkg/common/must"
	"stoa/pkg/messaging"
	"stoa/test/system"
)

// source publishes the events of a run.
type source struct {
	t         *probe
	run       string
	client    *dapr.GRPCClient
	publisher *messaging.Publisher
}

func (r *rig) source(t *probe) source {
	t.Helper()
	client := r.Open(t, publisher).Client()
	p := must.Get(messaging.NewPublisher(client, publisher))(t)
	return source{t: t, run: t.Name() + time.Now().Format(time.RFC3339Nano), client: client, publisher: p}
}

func (s source) event(n int) messaging.Event {
	e, err := messaging.New(eventType, fmt.Sprint(n), payload{Run: s.run, N: n}, s.run)
	if err != nil {
		s.t.Error(err)
	}
	return e
}

// publish sends the events first, ..., end-1, several at once, each until the broker has taken it.
func (s source) publish(first, end int) {
	s.t.Helper()
	const writers = 4
	system.AtOnce(writers, func(i int) {
		for n := first + i; n < end; n += writers {
			if err := s.insist(n); err != nil {
				s.t.Errorf("event %d was not taken for %s: %v", n, patience, err)
				return
			}
		}
	})
}

// publishText sends a message that is not an event.
func (s source) publishText(text string) {
	s.t.Helper()
	system.Within(s.t, patience, "the broker takes a text", func() error {
		return s.client.PublishEvent(context.Background(), messaging.Component(topic), topic, []byte(text), dapr.PublishEventWithRawPayload())
	})
}

func (s source) insist(n int) error {
	e := s.event(n)
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		if err := s.publisher.Publish(context.Background(), topic, e); err == nil || time.Now().After(deadline) {
			return err
		}
	}
}
