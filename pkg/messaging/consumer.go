package messaging

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	runtimev1 "github.com/dapr/dapr/pkg/proto/runtime/v1"
	"github.com/rs/zerolog"
	"google.golang.org/grpc"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/recent"
	"stoa/pkg/observability"
)

// handleTimeout bounds one run of a handler. Together with publishTimeout, for a dead letter, or with maxOutageWait it is shorter
// than the time after which a broker delivers an event again that was not acknowledged (10 s in components/bus/nats).
const handleTimeout = 7 * time.Second

// resubscribePause is how long to wait before a broken subscription is made again. It is short: the sidecar is on this
// machine.
const resubscribePause = 200 * time.Millisecond

// subscribeClient is the part of the sidecar's gRPC API that a consumer needs. The SDK's subscription is not used: it gives up
// after one failed attempt to subscribe again, and drops the trace.
type subscribeClient interface {
	GetMetadata(ctx context.Context, in *runtimev1.GetMetadataRequest, opts ...grpc.CallOption) (*runtimev1.GetMetadataResponse, error)
	SubscribeTopicEventsAlpha1(ctx context.Context, opts ...grpc.CallOption) (runtimev1.Dapr_SubscribeTopicEventsAlpha1Client, error)
}

// Consumer receives the events that one app subscribes to.
type Consumer struct {
	client        subscribeClient
	publisher     *Publisher
	log           zerolog.Logger
	subscriptions []Subscription
	failures      *recent.Memory[string, failures]
	meters        *meters

	mu        sync.Mutex
	connected map[string]error
}

// NewConsumer returns the consumer of the publisher's app; the publisher sends its dead letters. A process gets one from
// service.App.Consumer.
func NewConsumer(client subscribeClient, publisher *Publisher, log zerolog.Logger, table ...Subscription) (*Consumer, error) {
	c := &Consumer{
		client: client, publisher: publisher, log: log, subscriptions: table,
		failures: recent.New[string, failures](maxTracked), connected: map[string]error{},
	}
	for _, s := range table {
		if s.Topic == "" || len(s.On) == 0 {
			return nil, fmt.Errorf("subscription %q: it needs a topic and at least one handler", s.Topic)
		}
		c.connected[s.Topic] = errNotSubscribed
	}
	var err error
	c.meters, err = newMeters(c.Connected)
	return c, err
}

// Run receives until ctx ends, and subscribes again whenever a stream breaks. It returns when all running handlers have
// finished and acknowledged.
func (c *Consumer) Run(ctx context.Context) error {
	var all sync.WaitGroup
	for _, s := range c.subscriptions {
		all.Go(func() { c.follow(ctx, s) })
	}
	all.Wait()
	return nil
}

var errNotSubscribed = errs.New(errs.Unavailable, "not subscribed yet")

// Connected returns an error for each topic: nil if the topic is subscribed to, and otherwise why it is not.
func (c *Consumer) Connected() map[string]error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.connected)
}

func (c *Consumer) setConnected(topic string, state error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.connected[topic] = state
}

// follow subscribes to one topic, again after each failure, until ctx ends.
func (c *Consumer) follow(ctx context.Context, s Subscription) {
	reported := false
	for ctx.Err() == nil {
		err := c.receive(ctx, s, func() { reported = false })
		c.setConnected(s.Topic, errNotSubscribed)
		if !reported && ctx.Err() == nil { // an outage is one line, not five a second
			c.log.Warn().Err(err).Str("topic", s.Topic).Msg("subscription broken, subscribing again until it works")
			reported = true
		}
		_ = sleep(ctx, resubscribePause) // the loop checks ctx
	}
}

// receive subscribes once and handles events until the stream breaks or ctx ends.
func (c *Consumer) receive(ctx context.Context, s Subscription, onConnect func()) error {
	// The stream outlives ctx until the running handlers have acknowledged.
	streamCtx, endStream := context.WithCancel(context.WithoutCancel(ctx))
	defer endStream()
	if err := c.awaitPreviousEnd(ctx, s.Topic); err != nil {
		return err
	}
	stream, err := c.client.SubscribeTopicEventsAlpha1(streamCtx)
	if err != nil {
		return err
	}
	if err := stream.Send(initialRequest(s.Topic)); err != nil {
		return err
	}
	work := &deliveries{consumer: c, subscription: s, stream: stream, places: make(chan struct{}, maxRunning)}
	stop := context.AfterFunc(ctx, func() {
		work.drain()
		endStream()
	})
	defer stop()
	defer work.drain()
	for {
		message, err := stream.Recv()
		if err != nil {
			return err
		}
		if message.GetInitialResponse() != nil {
			c.setConnected(s.Topic, nil)
			onConnect()
			continue
		}
		if raw := message.GetEventMessage(); raw != nil {
			work.accept(streamCtx, raw)
		}
	}
}

// awaitPreviousEnd waits until the sidecar has ended the previous subscription to the topic, which takes half a second. It
// belongs to a stream that broke, or to the previous process of this app. With two subscriptions at once, Kafka's component may
// confuse them and end both.
func (c *Consumer) awaitPreviousEnd(ctx context.Context, topic string) error {
	for wait := 20 * time.Millisecond; ; wait = min(2*wait, resubscribePause) {
		metadata, err := c.client.GetMetadata(ctx, &runtimev1.GetMetadataRequest{})
		if err != nil {
			return err
		}
		previous := func(s *runtimev1.PubsubSubscription) bool {
			return s.GetPubsubName() == Component(topic) && s.GetTopic() == topic
		}
		if !slices.ContainsFunc(metadata.GetSubscriptions(), previous) {
			return nil
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// initialRequest asks for messages as the broker has them. If the sidecar read them, it would retry for ever what is not a
// CloudEvent, and confuse two copies of one event that arrive at once.
func initialRequest(topic string) *runtimev1.SubscribeTopicEventsRequestAlpha1 {
	return &runtimev1.SubscribeTopicEventsRequestAlpha1{
		SubscribeTopicEventsRequestType: &runtimev1.SubscribeTopicEventsRequestAlpha1_InitialRequest{
			InitialRequest: &runtimev1.SubscribeTopicEventsRequestInitialAlpha1{
				PubsubName: Component(topic), Topic: topic, Metadata: map[string]string{"rawPayload": "true"},
			},
		},
	}
}

// handle runs the handler of one event and reports whether to acknowledge the event.
func (c *Consumer) handle(ctx context.Context, s Subscription, message []byte) bool {
	topic := s.Topic
	e, handler := s.read(message)
	if handler == nil {
		return true
	}
	started, key := time.Now(), topic+" "+e.ID
	ctx, cancel := context.WithTimeout(ctx, handleTimeout)
	defer cancel()
	ctx, span := startSpan(ctx, topic, e)
	defer span.End()
	ctx = observability.WithTrace(ctx, c.log)
	err := observability.Safely(ctx, func(ctx context.Context) error { return handler(ctx, e) })
	defects, wait := c.count(key, err)
	result := outcomeOf(err, defects)
	if result == setAside {
		letter := DeadLetter{
			Topic: topic, Reason: err.Error(), Attempts: defects,
			FailedAt: time.Now().UTC(), TraceID: observability.TraceID(ctx), Event: e,
		}
		// The handler may have used up its time.
		if publishErr := c.publisher.PublishDeadLetter(context.WithoutCancel(ctx), letter); publishErr != nil {
			result, err = retry, errors.Join(err, publishErr)
		}
	}
	c.record(ctx, topic, e, result, err, started)
	if result == retry {
		_ = sleep(ctx, wait) // the broker delivers the event again in any case
		return false
	}
	c.failures.Forget(key)
	return true
}

// record writes the log line and the metrics of a handled event.
func (c *Consumer) record(ctx context.Context, topic string, e Event, o outcome, err error, started time.Time) {
	c.meters.record(ctx, topic, e, o, started)
	level := zerolog.InfoLevel
	if o == setAside {
		level = zerolog.ErrorLevel
	}
	observability.Log(ctx).WithLevel(level).Err(err).Str("topic", topic).Str("type", e.Type).Str("event_id", e.ID).
		Str("subject", e.Subject).Str("outcome", string(o)).Dur("duration_ms", time.Since(started)).Msg("event")
}

// sleep waits, and fails if ctx ends first.
func sleep(ctx context.Context, wait time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(wait):
		return nil
	}
}
