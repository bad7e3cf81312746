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

// publishTimeout bounds one publish: people learn within three seconds that the broker is down.
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

// NewPublisher returns the publisher of the app with this id.
func NewPublisher(client publishClient, appID string) (*Publisher, error) {
	count, err := otel.Meter("stoa/messaging").Int64Counter("stoa.events.published",
		metric.WithDescription("Events that the broker has taken"))
	if err != nil {
		return nil, fmt.Errorf("publisher: %w", err)
	}
	return &Publisher{client: client, source: appID, count: count}, nil
}

// Publish returns when the broker has taken the event: errs.Unavailable if it has not within two seconds. It may still take the
// event later: publish it again under the same id, or make sure that nothing follows from it.
func (p *Publisher) Publish(ctx context.Context, topic string, e Event) error {
	raw, err := e.encode(ctx, p.source)
	if err != nil {
		return fmt.Errorf("event %s: %w", e.Type, err)
	}
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	err = p.client.PublishEvent(ctx, Component(topic), topic, raw,
		dapr.PublishEventWithContentType("application/cloudevents+json"),
		// Where a topic has partitions (Kafka), the events of one subject stay in one of them. So they stay in order, and copies
		// of one event do not arrive at the same time, which a streaming subscription of a sidecar does not survive.
		dapr.PublishEventWithMetadata(map[string]string{"partitionKey": cmp.Or(e.Subject, e.ID)}))
	if err != nil {
		return errs.Wrap(errs.Unavailable, err, "the broker of the topic %s does not answer", topic)
	}
	p.count.Add(ctx, 1, metric.WithAttributes(attribute.String("topic", topic), attribute.String("type", e.Type)))
	return nil
}
