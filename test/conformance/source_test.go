package conformance

import (
	"context"
	"fmt"
	"time"

	"stoa/pkg/common/must"
	"stoa/pkg/messaging"
	"stoa/test/system"
)

// source publishes the events of a run.
type source struct {
	t         *probe
	run       string
	publisher *messaging.Publisher
}

func (r *rig) source(t *probe) source {
	t.Helper()
	p := must.Get(messaging.NewPublisher(r.Open(t, publisher).Client(), publisher))(t)
	return source{t: t, run: t.Name() + time.Now().Format(time.RFC3339Nano), publisher: p}
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

func (s source) insist(n int) error {
	e := s.event(n)
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		if err := s.publisher.Publish(context.Background(), topic, e); err == nil || time.Now().After(deadline) {
			return err
		}
	}
}
