// Package observability sets up the three signals of a process: JSON logs that carry trace ids, OpenTelemetry traces
// that follow a request through services and events, and Prometheus metrics.
package observability

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"stoa/pkg/common/clip"
)

// Telemetry writes the signals of a process.
type Telemetry struct {
	// Log is the root logger; request and event loggers are derived from it.
	Log zerolog.Logger
	// Metrics serves the process's metrics in Prometheus text form.
	Metrics http.Handler

	out      *leveled
	shutdown []func(context.Context) error
}

// Start sets up the signals for the process of this name. Every request has a trace, because its id connects log lines. Spans are
// recorded only if OTEL_EXPORTER_OTLP_ENDPOINT is set: all of them, or those that OTEL_TRACES_SAMPLER chooses, and are exported
// over OTLP gRPC. Start sets OpenTelemetry's global tracer provider, meter provider and propagator, which instrumentation
// libraries use.
func Start(ctx context.Context, name, level string, out io.Writer) (*Telemetry, error) {
	t := &Telemetry{out: &leveled{Writer: out}}
	if err := t.SetLevel(level); err != nil {
		return nil, err
	}
	t.Log = newLogger(name, t.out)
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		t.Log.Warn().Err(err).Msg("telemetry")
	}))
	res := resource.NewSchemaless(attribute.String("service.name", name))
	if err := t.startTraces(ctx, res); err != nil {
		return nil, err
	}
	if err := t.startMetrics(res); err != nil {
		return nil, errors.Join(err, t.Shutdown(ctx))
	}
	otel.SetTextMapPropagator(propagation.TraceContext{})
	return t, nil
}

func (t *Telemetry) startTraces(ctx context.Context, res *resource.Resource) error {
	limits := sdktrace.NewSpanLimits()
	limits.AttributeValueLengthLimit = clip.Max // of paths and programs, which callers name
	options := []sdktrace.TracerProviderOption{sdktrace.WithResource(res), sdktrace.WithRawSpanLimits(limits)}
	if os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" {
		// A sidecar records the spans whose parents are recorded: so it has none either, which saves a tenth of its CPU time.
		options = append(options, sdktrace.WithSampler(sdktrace.NeverSample()))
	} else {
		exporter, err := otlptracegrpc.New(ctx)
		if err != nil {
			return fmt.Errorf("trace exporter: %w", err)
		}
		options = append(options, sdktrace.WithBatcher(exporter)) // the SDK reads OTEL_TRACES_SAMPLER
	}
	provider := sdktrace.NewTracerProvider(options...)
	otel.SetTracerProvider(provider)
	t.shutdown = append(t.shutdown, provider.Shutdown)
	return nil
}

func (t *Telemetry) startMetrics(res *resource.Resource) error {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	exporter, err := otelprometheus.New(otelprometheus.WithRegisterer(registry))
	if err != nil {
		return fmt.Errorf("metrics exporter: %w", err)
	}
	provider := sdkmetric.NewMeterProvider(
		sdkmetric.WithReader(exporter), sdkmetric.WithResource(res), sdkmetric.WithView(withoutAddress))
	otel.SetMeterProvider(provider)
	t.Metrics = promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
	t.shutdown = append(t.shutdown, provider.Shutdown)
	return nil
}

// withoutAddress drops the address of the server from its metrics. Clients choose it (the Host header), and each invented one
// would be a time series in memory.
var withoutAddress = sdkmetric.NewView(
	sdkmetric.Instrument{Name: "http.server.*"},
	sdkmetric.Stream{AttributeFilter: attribute.NewDenyKeysFilter("server.address", "server.port")},
)

// Shutdown sends the remaining telemetry. It takes at most five seconds, so that a collector that is down does not keep the
// process running.
func (t *Telemetry) Shutdown(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	var errs []error
	for _, shutdown := range t.shutdown {
		errs = append(errs, shutdown(ctx))
	}
	return errors.Join(errs...)
}
