// Package traces collects the spans of a running system over OTLP, as a collector does, and shows them in Zipkin.
package traces

import (
	"context"
	"encoding/hex"
	"net"
	"slices"
	"sync"
	"time"

	collectorv1 "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonv1 "go.opentelemetry.io/proto/otlp/common/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
)

// Span is one step of a trace.
type Span struct {
	TraceID, ID, Parent string
	Service, Name       string
	Kind                string // CLIENT, SERVER, PRODUCER, CONSUMER, or "" for a step inside of a process
	Began               time.Time
	Took                time.Duration
	Tags                map[string]string
}

// Collector receives spans on loopback.
type Collector struct {
	collectorv1.UnimplementedTraceServiceServer
	// Endpoint is for OTEL_EXPORTER_OTLP_ENDPOINT.
	Endpoint string

	server  *grpc.Server
	forward func([]Span)

	mu    sync.Mutex
	spans []Span
}

// Collect starts a collector. forward gets what it receives, too, unless it is nil.
func Collect(forward func([]Span)) (*Collector, error) {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c := &Collector{Endpoint: "http://" + listener.Addr().String(), server: grpc.NewServer(), forward: forward}
	collectorv1.RegisterTraceServiceServer(c.server, c)
	go func() { _ = c.server.Serve(listener) }() // until Close
	return c, nil
}

// Close ends the collector.
func (c *Collector) Close() { c.server.Stop() }

// Trace returns the spans of a trace that have come so far.
func (c *Collector) Trace(id string) []Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(c.spans), func(s Span) bool { return s.TraceID != id })
}

// Export implements the service of OTLP.
func (c *Collector) Export(
	_ context.Context, r *collectorv1.ExportTraceServiceRequest,
) (*collectorv1.ExportTraceServiceResponse, error) {
	var spans []Span
	for _, resource := range r.GetResourceSpans() {
		service := tags(resource.GetResource().GetAttributes())["service.name"]
		for _, scope := range resource.GetScopeSpans() {
			for _, s := range scope.GetSpans() {
				spans = append(spans, read(s, service))
			}
		}
	}
	if c.forward != nil {
		c.forward(spans)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.spans = append(c.spans, spans...)
	return &collectorv1.ExportTraceServiceResponse{}, nil
}

var kinds = map[tracev1.Span_SpanKind]string{
	tracev1.Span_SPAN_KIND_CLIENT: "CLIENT", tracev1.Span_SPAN_KIND_SERVER: "SERVER",
	tracev1.Span_SPAN_KIND_PRODUCER: "PRODUCER", tracev1.Span_SPAN_KIND_CONSUMER: "CONSUMER",
}

func read(s *tracev1.Span, service string) Span {
	began := time.Unix(0, int64(s.GetStartTimeUnixNano())) //nolint:gosec // until the year 2262
	return Span{
		TraceID: hex.EncodeToString(s.GetTraceId()), ID: hex.EncodeToString(s.GetSpanId()), Parent: hex.EncodeToString(s.GetParentSpanId()),
		Service: service, Name: s.GetName(), Kind: kinds[s.GetKind()], Began: began,
		Took: time.Duration(s.GetEndTimeUnixNano() - s.GetStartTimeUnixNano()), //nolint:gosec // it ends after it began
		Tags: tags(s.GetAttributes()),
	}
}

// tags are the attributes that are texts; others have their form in Protocol Buffers.
func tags(attributes []*commonv1.KeyValue) map[string]string {
	all := make(map[string]string, len(attributes))
	for _, a := range attributes {
		if text, ok := a.GetValue().GetValue().(*commonv1.AnyValue_StringValue); ok {
			all[a.GetKey()] = text.StringValue
		} else {
			all[a.GetKey()] = a.GetValue().String()
		}
	}
	return all
}
