package kit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"syscall"
	"testing"
	"time"

	dapr "github.com/dapr/go-sdk/client"
	"go.opentelemetry.io/otel"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/messaging"
	"stoa/pkg/observability"
	"stoa/test/system"
)

const (
	topic     = "order-confirmed"
	eventType = "order.confirmed.v1"
)

type payload struct {
	N int `json:"n"`
}

func subscription(handle func(ctx context.Context, e messaging.Event, data payload) error) messaging.Subscription {
	return messaging.Subscription{Topic: topic, On: map[string]messaging.Handler{eventType: messaging.Typed(handle)}}
}

func publish(t *testing.T, p *messaging.Publisher, n int) messaging.Event {
	t.Helper()
	e := must.Get(messaging.New(eventType, fmt.Sprint(n), payload{N: n}))(t)
	system.Eventually(t, "the broker takes the event", func() error { return p.Publish(t.Context(), topic, e) })
	return e
}

func TestEvents_arriveWholeAndInTheirTrace(t *testing.T) {
	t.Parallel()
	s := start(t, "order-worker", "backoffice")
	publisher := s.publisher("order-worker")
	type arrival struct {
		event messaging.Event
		trace string
	}
	arrived := make(chan arrival, 10)
	s.consume("backoffice", subscription(func(ctx context.Context, e messaging.Event, _ payload) error {
		arrived <- arrival{event: e, trace: observability.TraceID(ctx)}
		return nil
	}))

	ctx, span := otel.Tracer("test").Start(t.Context(), "publish")
	defer span.End()
	sent := must.Get(messaging.New(eventType, "subject-1", payload{N: 1}))(t)
	must.Do(t, publisher.Publish(ctx, topic, sent))
	select {
	case got := <-arrived:
		if got.event.ID != sent.ID || got.event.Type != eventType || got.event.Source != "order-worker" ||
			got.event.Subject != "subject-1" || !got.event.Time.Equal(sent.Time) || string(got.event.Data) != `{"n":1}` {
			t.Errorf("got %+v, want %+v", got.event, sent)
		}
		if want := observability.TraceID(ctx); got.trace != want {
			t.Errorf("handled in the trace %s, published in %s", got.trace, want)
		}
	case <-time.After(system.Patience):
		t.Fatal("the event did not arrive")
	}
}

func TestEvents_failAsTheirErrorsSay(t *testing.T) {
	t.Parallel()
	s := start(t, "order-worker", "backoffice")
	publisher := s.publisher("order-worker")
	good, attempts := system.NewTally(), system.NewTally()
	letters := make(chan messaging.DeadLetter, 10)
	const outage, defect, poison, fine = 1, 2, 3, 4
	s.consume("backoffice",
		subscription(func(_ context.Context, _ messaging.Event, data payload) error {
			attempts.Add(data.N)
			switch {
			case data.N == outage && attempts.Of(outage) <= 11:
				return errs.New(errs.Unavailable, "the store is away")
			case data.N == defect:
				return errors.New("nil pointer")
			case data.N == poison:
				return errs.New(errs.Invalid, "this makes no sense")
			}
			good.Add(data.N)
			return nil
		}),
		messaging.Subscription{Topic: messaging.DeadLetters, On: map[string]messaging.Handler{
			messaging.DeadLetterType: messaging.Typed(func(_ context.Context, _ messaging.Event, letter messaging.DeadLetter) error {
				letters <- letter
				return nil
			}),
		}},
	)
	sent := map[int]messaging.Event{}
	for _, n := range []int{outage, defect, poison, fine} {
		sent[n] = publish(t, publisher, n)
	}
	got := map[string]messaging.DeadLetter{}
	for len(got) < 2 {
		select {
		case letter := <-letters:
			got[letter.Event.ID] = letter
		case <-time.After(system.Patience):
			t.Fatalf("got %d dead letters, want 2", len(got))
		}
	}
	if letter := got[sent[poison].ID]; letter.Attempts != 1 || letter.Consumer != "backoffice" || letter.Topic != topic ||
		letter.Reason != "this makes no sense" || string(letter.Event.Data) != `{"n":3}` {
		t.Errorf("invalid: got %+v", letter)
	}
	if letter := got[sent[defect].ID]; letter.Attempts != 10 {
		t.Errorf("defect: got %+v, want 10 attempts", letter)
	}
	system.Eventually(t, "the outage is over", func() error {
		if good.Of(outage) != 1 || good.Of(fine) != 1 {
			return fmt.Errorf("handled %d and %d times", good.Of(outage), good.Of(fine))
		}
		return nil
	})
	if got := attempts.Of(poison); got != 1 {
		t.Errorf("the invalid event was tried %d times", got)
	}
}

// A message that can never be handled must not come again for ever, however broken it is.
func TestEvents_thatCannotBeReadBecomeDeadLetters(t *testing.T) {
	t.Parallel()
	s := start(t, "order-worker", "backoffice")
	letters := make(chan messaging.DeadLetter, 10)
	s.consume("backoffice",
		subscription(func(context.Context, messaging.Event, payload) error { return nil }),
		messaging.Subscription{Topic: messaging.DeadLetters, On: map[string]messaging.Handler{
			messaging.DeadLetterType: messaging.Typed(func(_ context.Context, _ messaging.Event, letter messaging.DeadLetter) error {
				letters <- letter
				return nil
			}),
		}},
	)
	const event, raw = "application/cloudevents+json", ""
	client := s.open("order-worker").Client()
	for name, tt := range map[string]struct{ form, message, data string }{
		"text":             {event, `{"id":"1","type":"order.confirmed.v1","datacontenttype":"text/plain","data":"Agora 1"}`, `"Agora 1"`},
		"bytes":            {event, `{"id":"2","type":"order.confirmed.v1","data_base64":"/w=="}`, `"\ufffd"`},
		"nothing":          {event, `{"id":"3","type":"order.confirmed.v1"}`, `""`},
		"broken base64":    {raw, `{"id":"4","type":"order.confirmed.v1","data_base64":"?"}`, `{"id":"4","type":"order.confirmed.v1","data_base64":"?"}`},
		"a broken subject": {raw, `{"id":"5","type":"order.confirmed.v1","data":{"n":1},"subject":7}`, `{"id":"5","type":"order.confirmed.v1","data":{"n":1},"subject":7}`},
		"not an event":     {raw, `{"n":1}`, `{"n":1}`},
		"not JSON":         {raw, `Agora 1`, `"Agora 1"`},
	} {
		options := []dapr.PublishEventOption{dapr.PublishEventWithContentType(tt.form)}
		if tt.form == raw {
			options = []dapr.PublishEventOption{dapr.PublishEventWithRawPayload()}
		}
		system.Eventually(t, "the broker takes "+name, func() error {
			return client.PublishEvent(t.Context(), messaging.Component(topic), topic, []byte(tt.message), options...)
		})
		select {
		case letter := <-letters:
			var got, want any
			must.Do(t, errors.Join(json.Unmarshal(letter.Event.Data, &got), json.Unmarshal([]byte(tt.data), &want)))
			if letter.Attempts != 1 || !reflect.DeepEqual(got, want) {
				t.Errorf("%s: got %d attempts and the payload %s, want %s", name, letter.Attempts, letter.Event.Data, tt.data)
			}
		case <-time.After(system.Patience):
			t.Fatalf("%s: there is no dead letter", name)
		}
	}
}

// Every event is handled, whichever process dies: the consumer, its sidecar, the publisher's sidecar, the broker.
func TestEvents_surviveKills(t *testing.T) {
	t.Parallel()
	s := start(t, "order-worker", "backoffice")
	publisher := s.publisher("order-worker")
	seen := system.NewTally()
	handle := subscription(func(_ context.Context, _ messaging.Event, data payload) error {
		seen.Add(data.N)
		return nil
	})
	const events = 400
	stop := s.consume("backoffice", handle)
	var publishing sync.WaitGroup
	publishing.Go(func() {
		for n := range events {
			publish(t, publisher, n)
		}
	})
	s.Kill(t, "backoffice.sidecar")
	s.Kill(t, "broker")
	stop()
	s.Kill(t, "order-worker.sidecar")
	s.consume("backoffice", handle)
	publishing.Wait()
	system.Eventually(t, "every event is handled", func() error { return seen.Missing(events) })
}

func TestPublisher_failsFastWithoutABroker(t *testing.T) {
	t.Parallel()
	s := start(t, "order-worker")
	publisher := s.publisher("order-worker")
	publish(t, publisher, 0)
	must.Do(t, s.Signal("broker", syscall.SIGSTOP))
	n := 0
	system.Eventually(t, "the broker has stopped", func() error { // a thread of it may still finish what it is at
		n++
		e := must.Get(messaging.New(eventType, fmt.Sprint(n), payload{N: n}))(t)
		started := time.Now()
		err := publisher.Publish(t.Context(), topic, e)
		if took := time.Since(started); took > 3*time.Second {
			t.Errorf("it took %s to say so", took)
		}
		if !errs.Is(err, errs.Unavailable) {
			return fmt.Errorf("got %v, want unavailable", err)
		}
		return nil
	})
	must.Do(t, s.Signal("broker", syscall.SIGCONT))
	publish(t, publisher, n+1)
}
