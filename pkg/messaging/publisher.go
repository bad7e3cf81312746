package messaging

import (
	"cmp"
	"context"
	"fmt"
	"time"

	dapr "github.com/dapr/go-sdk/client"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"stoa/pkg/common/errs"
)

// publishTimeout bounds one publish, because people must learn within three seconds that the broker is down.
const publishTimeout = 2 * time.Second

// publishClient is the part of the SDK's client that publishing needs.
type publishClient interface {
	PublishEvent(ctx context.Context, pubsub, topic string, data any, opts ...dapr.PublishEventOption) error
}

// Publisher publishes events for one app.
type Publisher struct {
	client publishClient
	source string
	count  metric.Int64Counter
}

// NewPublisher returns the publisher of the app with this id. A process gets one from service.App.Publisher.
func NewPublisher(client publishClient, appID string) (*Publisher, error) {
	count, err := otel.Meter("stoa/messaging").Int64Counter("stoa.events.published",
		metric.WithDescription("Events that the broker has accepted"))
	if err != nil {
		return nil, fmt.Errorf("publisher: %w", err)
	}
	return &Publisher{client: client, source: appID, count: count}, nil
}

// Publish returns when the broker has accepted the event. If that takes more than two seconds, it fails with errs.Unavailable;
// the broker may still accept the event later. So after a failure publish the event again with the same id, or make sure that
// it has no effect.
func (p *Publisher) Publish(ctx context.Context, topic string, e Event) error {
	raw, err := e.encode(ctx, p.source)
	if err != nil {
		return fmt.Errorf("event %s: %w", e.Type, err)
	}
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	err = p.client.PublishEvent(ctx, Component(topic), topic, raw,
		dapr.PublishEventWithContentType("application/cloudevents+json"),
		// Kafka keeps the events of one subject in one partition. So they stay in order, and two copies of one event never arrive
		// at the same time, which would break the sidecar's subscription.
		dapr.PublishEventWithMetadata(map[string]string{"partitionKey": cmp.Or(e.Subject, e.ID)}))
	if err != nil {
		return errs.Wrap(errs.Unavailable, err, "the broker of the topic %s does not answer", topic)
	}
	p.count.Add(ctx, 1, metric.WithAttributes(attribute.String("topic", topic), attribute.String("type", e.Type)))
	return nil
}
