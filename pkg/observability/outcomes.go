package observability

import (
	"context"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// Outcomes counts what became of something, such as of orders: the metric <name>_total, by outcome.
type Outcomes struct{ count metric.Int64Counter }

// NewOutcomes returns the counter of this name, such as "stoa.orders". It shows these outcomes from the start, with zero: a rate
// needs two values, so the first of a kind would be missed otherwise. Outcomes are words of the code, never of a caller.
func NewOutcomes(name, description string, outcomes ...string) Outcomes {
	count, err := otel.Meter("stoa").Int64Counter(name, metric.WithDescription(description))
	noteInvalid(err)
	for _, outcome := range outcomes {
		count.Add(context.Background(), 0, attributeOf(outcome))
	}
	return Outcomes{count}
}

// Add counts one more.
func (o Outcomes) Add(ctx context.Context, outcome string) { o.count.Add(ctx, 1, attributeOf(outcome)) }

// Durations measures how long something took: the metric <name>_seconds, by outcome.
type Durations struct{ seconds metric.Float64Histogram }

// NewDurations returns the histogram of this name. A duration that somebody promises is one of the bounds, in seconds: only how many
// are within a bound is known.
func NewDurations(name, description string, bounds ...float64) Durations {
	seconds, err := otel.Meter("stoa").Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(description),
		metric.WithExplicitBucketBoundaries(bounds...))
	noteInvalid(err)
	return Durations{seconds}
}

// Add measures one more.
func (d Durations) Add(ctx context.Context, took time.Duration, outcome string) {
	d.seconds.Record(ctx, max(0, took).Seconds(), attributeOf(outcome))
}

// Gauge shows a number that rises and falls.
type Gauge struct{ now metric.Int64Gauge }

// NewGauge returns the gauge of this name.
func NewGauge(name, description string) Gauge {
	now, err := otel.Meter("stoa").Int64Gauge(name, metric.WithDescription(description))
	noteInvalid(err)
	return Gauge{now}
}

// Set shows another number.
func (g Gauge) Set(ctx context.Context, n int) { g.now.Record(ctx, int64(n)) }

func attributeOf(outcome string) metric.MeasurementOption {
	return metric.WithAttributes(attribute.String("outcome", outcome))
}

// noteInvalid logs that the name of a metric is not valid. Such a metric is there and counts nothing, which no process should end
// for.
func noteInvalid(err error) {
	if err != nil {
		otel.Handle(err)
	}
}
