package observability_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/stats"

	"stoa/pkg/common/must"
	"stoa/pkg/observability"
)

// start sets up telemetry with these variables, and returns the context of a request.
func start(t *testing.T, variables map[string]string) (context.Context, trace.Span) {
	t.Helper()
	t.Setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "10") // ms: nobody listens there
	for _, name := range []string{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG"} {
		t.Setenv(name, variables[name])
	}
	telemetry := must.Get(observability.Start(t.Context(), "sample", "info", &bytes.Buffer{}))(t)
	t.Cleanup(func() { _ = telemetry.Shutdown(context.Background()) })
	return otel.Tracer("test").Start(t.Context(), "request") // the span never ends, so nothing is sent
}

// kinds are the ways to decide whether the spans of a request are recorded.
var kinds = map[string]struct {
	variables map[string]string
	recorded  bool
}{
	"nobody collects":   {nil, false},
	"somebody collects": {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, true},
	"some are collected, not this one": {map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0",
	}, false},
}

func TestTelemetry_recordsOnlySpansThatSomebodyCollects(t *testing.T) {
	for name, tt := range kinds {
		t.Run(name, func(t *testing.T) {
			_, span := start(t, tt.variables)
			if span.IsRecording() != tt.recorded || !span.SpanContext().HasTraceID() {
				t.Errorf("recorded is %v, the trace is %s", span.IsRecording(), span.SpanContext().TraceID())
			}
		})
	}
}

// The ids reach the sidecar at any rate, because the logs of all apps need them.
func TestGRPCClient_sendsTheTraceOfItsRequest(t *testing.T) {
	for name, tt := range kinds {
		t.Run(name, func(t *testing.T) {
			ctx, span := start(t, tt.variables)
			sent := observability.GRPCClient().TagRPC(ctx, &stats.RPCTagInfo{FullMethodName: "/dapr/GetState"})
			headers, _ := metadata.FromOutgoingContext(sent)
			check(t, headers.Get("traceparent"), span)
			if own := !trace.SpanContextFromContext(sent).Equal(span.SpanContext()); own != tt.recorded {
				t.Errorf("a span of its own: %v", own)
			}
		})
	}
}

func TestHTTPClient_sendsTheTraceOfItsRequest(t *testing.T) {
	for name, tt := range kinds {
		t.Run(name, func(t *testing.T) {
			ctx, span := start(t, tt.variables)
			var got []string
			server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header.Values("traceparent") }))
			defer server.Close()
			request := must.Get(http.NewRequestWithContext(ctx, http.MethodGet, server.URL, http.NoBody))(t)
			answer := must.Get(observability.HTTPClient(http.DefaultTransport).RoundTrip(request))(t)
			must.Do(t, answer.Body.Close())
			check(t, got, span)
			if len(request.Header) > 0 {
				t.Errorf("it changed the caller's request: %v", request.Header)
			}
		})
	}
}

// A query may have what opens an account, and people's addresses. Traces have neither.
func TestHTTPClient_keepsQueriesOutOfSpans(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	ctx, _ := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)).Tracer("test").Start(t.Context(), "request")
	var got string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.URL.String() }))
	defer server.Close()
	request := must.Get(http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/forgotten?code=secret", http.NoBody))(t)
	answer := must.Get(observability.HTTPClient(http.DefaultTransport).RoundTrip(request))(t)
	must.Do(t, answer.Body.Close())
	if got != "/forgotten?code=secret" || request.URL.RawQuery != "code=secret" {
		t.Errorf("sent %s, and the caller has %s", got, request.URL)
	}
	if len(spans.Ended()) != 1 {
		t.Fatalf("%d spans", len(spans.Ended()))
	}
	for _, a := range spans.Ended()[0].Attributes() {
		if strings.Contains(a.Value.String(), "code=") {
			t.Errorf("the span has %s: %s", a.Key, a.Value.String())
		}
	}
}

// check compares what was sent with a span.
func check(t *testing.T, sent []string, span trace.Span) {
	t.Helper()
	if len(sent) != 1 || !strings.Contains(sent[0], span.SpanContext().TraceID().String()) ||
		strings.HasSuffix(sent[0], "-01") != span.SpanContext().IsSampled() {
		t.Errorf("sent %v, want the trace %s", sent, span.SpanContext().TraceID())
	}
}
