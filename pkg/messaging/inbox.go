package messaging

import (
	"context"
	"sync"
	"time"

	runtimev1 "github.com/dapr/dapr/pkg/proto/runtime/v1"
)

// maxRunning is how many events of one subscription are handled at once; how many there are to handle is up to the
// broker's component (one for JetStream).
const maxRunning = 16

// inbox handles the events of one stream, each in a goroutine of its own, and acknowledges them on it.
type inbox struct {
	consumer     *Consumer
	subscription Subscription
	stream       runtimev1.Dapr_SubscribeTopicEventsAlpha1Client

	running  sync.WaitGroup
	places   chan struct{}
	mu       sync.Mutex // guards draining, places, and the sending half of the stream
	draining bool
}

// accept starts to handle an event, unless the inbox is being drained: then it stays unacknowledged and is delivered
// again, to whoever takes over.
func (b *inbox) accept(ctx context.Context, raw *runtimev1.TopicEventRequest) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.draining {
		return
	}
	if b.places == nil {
		b.places = make(chan struct{}, maxRunning)
	}
	places := b.places
	b.running.Go(func() {
		places <- struct{}{}
		defer func() { <-places }()
		dealtWith := b.consumer.handle(ctx, b.subscription.Topic, b.subscription.On, decode(raw))
		b.answer(raw.GetId(), dealtWith)
	})
}

// drain refuses new events and waits for the running ones.
func (b *inbox) drain() {
	b.mu.Lock()
	b.draining = true
	b.mu.Unlock()
	b.running.Wait()
}

// answer acknowledges an event or asks for it again. If the stream is broken there is nobody to tell, and the event
// comes again by itself.
func (b *inbox) answer(id string, dealtWith bool) {
	status := runtimev1.TopicEventResponse_SUCCESS
	if !dealtWith {
		status = runtimev1.TopicEventResponse_RETRY
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	_ = b.stream.Send(&runtimev1.SubscribeTopicEventsRequestAlpha1{
		SubscribeTopicEventsRequestType: &runtimev1.SubscribeTopicEventsRequestAlpha1_EventProcessed{
			EventProcessed: &runtimev1.SubscribeTopicEventsRequestProcessedAlpha1{
				Id: id, Status: &runtimev1.TopicEventResponse{Status: status},
			},
		},
	})
}

// decode reads an event from what the sidecar delivers: known attributes as fields, the others as extensions.
func decode(raw *runtimev1.TopicEventRequest) Event {
	e := Event{ID: raw.GetId(), Type: raw.GetType(), Source: raw.GetSource(), Data: raw.GetData()}
	extensions := raw.GetExtensions().GetFields()
	e.Subject = extensions["subject"].GetStringValue()
	e.TraceParent = extensions[traceParentField].GetStringValue()
	e.Time, _ = time.Parse(time.RFC3339Nano, extensions["time"].GetStringValue())
	return e
}
