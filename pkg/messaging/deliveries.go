package messaging

import (
	"context"
	"sync"

	runtimev1 "github.com/dapr/dapr/pkg/proto/runtime/v1"
)

// maxRunning is how many events of one subscription are handled at once. The component of a broker may deliver fewer at once
// (JetStream's: one).
const maxRunning = 16

// deliveries handles the events of one stream, each in its own goroutine, and acknowledges them on the stream.
type deliveries struct {
	consumer     *Consumer
	subscription Subscription
	stream       runtimev1.Dapr_SubscribeTopicEventsAlpha1Client

	places   chan struct{} // one for each event that may be handled at once
	running  sync.WaitGroup
	mu       sync.Mutex // guards draining and the sending half of the stream
	draining bool
}

// accept starts to handle an event. While draining it ignores the event, which the broker then delivers again, to another
// replica or the next process.
func (d *deliveries) accept(ctx context.Context, raw *runtimev1.TopicEventRequest) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.draining {
		return
	}
	d.running.Go(func() {
		d.places <- struct{}{}
		defer func() { <-d.places }()
		handled := d.consumer.handle(ctx, d.subscription, raw.GetData())
		d.answer(raw.GetId(), handled)
	})
}

// drain stops accepting events and waits for the running handlers.
func (d *deliveries) drain() {
	d.mu.Lock()
	d.draining = true
	d.mu.Unlock()
	d.running.Wait()
}

// answer acknowledges an event or asks for it again. If the stream is broken, the broker delivers the event again by itself.
func (d *deliveries) answer(id string, handled bool) {
	status := runtimev1.TopicEventResponse_SUCCESS
	if !handled {
		status = runtimev1.TopicEventResponse_RETRY
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	_ = d.stream.Send(&runtimev1.SubscribeTopicEventsRequestAlpha1{
		SubscribeTopicEventsRequestType: &runtimev1.SubscribeTopicEventsRequestAlpha1_EventProcessed{
			EventProcessed: &runtimev1.SubscribeTopicEventsRequestProcessedAlpha1{
				Id: id, Status: &runtimev1.TopicEventResponse{Status: status},
			},
		},
	})
}
