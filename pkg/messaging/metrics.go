package messaging

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// The bounds of the histograms, in seconds. A handler has seven seconds; an event waits for as long as an outage takes.
var (
	handledWithin = []float64{.002, .005, .01, .025, .05, .1, .25, .5, 1, 2, 5, 10}
	oldAs         = []float64{.01, .05, .1, .5, 1, 2, 5, 10, 30, 60, 300, 1800, 3600, 21600}
)

// meters are the metrics of a consumer.
type meters struct {
	duration, age metric.Float64Histogram
}

// newMeters returns the metrics of the consumer whose subscriptions are connected as this function says.
func newMeters(connected func() map[string]error) (*meters, error) {
	meter := otel.Meter("stoa/messaging")
	duration, err := meter.Float64Histogram("stoa.events.handled", metric.WithUnit("s"),
		metric.WithDescription("Time to handle one event, by topic, type and outcome"),
		metric.WithExplicitBucketBoundaries(handledWithin...))
	age, ageErr := meter.Float64Histogram("stoa.events.age", metric.WithUnit("s"),
		metric.WithDescription("How long ago an event was made when it is handled at last, by topic: the lag of the subscription"),
		metric.WithExplicitBucketBoundaries(oldAs...))
	_, gaugeErr := meter.Int64ObservableGauge("stoa.subscriptions.connected",
		metric.WithDescription("Whether the sidecar delivers a topic: 1, or 0"),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			for topic, problem := range connected() {
				state := int64(1)
				if problem != nil {
					state = 0
				}
				o.Observe(state, metric.WithAttributes(attribute.String("topic", topic)))
			}
			return nil
		}))
	if err := errors.Join(err, ageErr, gaugeErr); err != nil {
		return nil, fmt.Errorf("consumer: %w", err)
	}
	return &meters{duration, age}, nil
}

// record measures one run of a handler that began at this time. An event that is not retried has reached its age.
func (m *meters) record(ctx context.Context, topic string, e Event, o outcome, began time.Time) {
	about := attribute.String("topic", topic)
	m.duration.Record(ctx, time.Since(began).Seconds(), metric.WithAttributes(
		about, attribute.String("type", e.Type), attribute.String("outcome", string(o))))
	if o != retry && !e.Time.IsZero() {
		m.age.Record(ctx, max(0, began.Sub(e.Time)).Seconds(), metric.WithAttributes(about))
	}
}
