package messaging

import (
	"context"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

const traceParentField = "traceparent"

// traceParent returns the span of ctx as a traceparent (W3C Trace Context), or "" without one.
func traceParent(ctx context.Context) string {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier[traceParentField]
}

// startSpan starts the span of one run of a handler, in the trace of the event.
func startSpan(ctx context.Context, topic string, e Event) (context.Context, trace.Span) {
	ctx = propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{traceParentField: e.TraceParent})
	return otel.Tracer("stoa/messaging").Start(ctx, "handle "+e.Type,
		trace.WithSpanKind(trace.SpanKindConsumer),
		trace.WithAttributes(
			attribute.String("messaging.system", "dapr"),
			attribute.String("messaging.destination.name", topic),
			attribute.String("messaging.message.id", e.ID),
		))
}
