package observability_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rs/zerolog"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"

	"stoa/pkg/common/must"
	"stoa/pkg/observability"
)

func TestTelemetry_putsTheTraceIntoLogLines(t *testing.T) {
	var out bytes.Buffer
	telemetry := must.Get(observability.Start(t.Context(), "sample", "info", &out))(t)
	t.Cleanup(func() { _ = telemetry.Shutdown(context.Background()) })

	ctx, span := otel.Tracer("test").Start(t.Context(), "work")
	defer span.End()
	observability.Log(observability.WithTrace(ctx, telemetry.Log)).Info().Msg("hello")

	var line map[string]string
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("%v in %q", err, out.String())
	}
	if line["trace_id"] == "" || line["trace_id"] != observability.TraceID(ctx) || line["app"] != "sample" || line["time"] == "" {
		t.Errorf("got %v", line)
	}
}

// A dead letter says in one line what went wrong; the log says where.
func TestSafely_logsWhereSomethingPanicked(t *testing.T) {
	var out bytes.Buffer
	ctx := observability.WithTrace(t.Context(), zerolog.New(&out))
	err := observability.Safely(ctx, func(context.Context) error { panic("no such row") })
	if err == nil || err.Error() != "panic: no such row" {
		t.Errorf("got %v", err)
	}
	if !strings.Contains(out.String(), "observability_test.go") {
		t.Errorf("the log does not say where: %s", out.String())
	}
}

func TestTelemetry_servesMetrics(t *testing.T) {
	telemetry := must.Get(observability.Start(t.Context(), "sample", "info", &bytes.Buffer{}))(t)
	t.Cleanup(func() { _ = telemetry.Shutdown(context.Background()) })
	counter := must.Get(otel.Meter("test").Int64Counter("stoa_test"))(t)
	counter.Add(t.Context(), 3)

	answer := httptest.NewRecorder()
	telemetry.Metrics.ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	if !strings.Contains(answer.Body.String(), "stoa_test_total") {
		t.Errorf("stoa_test_total is missing in:\n%s", answer.Body.String())
	}
}

// The sender of a request chooses its address. As a label, each invented address would be a new time series, until the limit
// on time series leaves no place for the real ones.
func TestTelemetry_makesNoTimeSeriesOfAddresses(t *testing.T) {
	telemetry := must.Get(observability.Start(t.Context(), "sample", "info", &bytes.Buffer{}))(t)
	t.Cleanup(func() { _ = telemetry.Shutdown(context.Background()) })
	handler := otelhttp.NewHandler(http.NotFoundHandler(), "http")
	for _, host := range []string{"invented-1.example", "invented-2.example:4711"} {
		request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		request.Host = host
		handler.ServeHTTP(httptest.NewRecorder(), request)
	}
	answer := httptest.NewRecorder()
	telemetry.Metrics.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	var text string
	for line := range strings.Lines(answer.Body.String()) {
		if strings.HasPrefix(line, "http_server_") {
			text += line
		}
	}
	if !strings.Contains(text, `http_server_request_duration_seconds_count{`) {
		t.Fatalf("requests are not measured:\n%s", answer.Body)
	}
	if strings.Contains(text, "invented") || strings.Contains(text, "4711") {
		t.Errorf("an invented address is a label:\n%s", text)
	}
}

func TestTelemetry_checksTheLogLevel(t *testing.T) {
	_, err := observability.Start(t.Context(), "sample", "loud", &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), "LOG_LEVEL") {
		t.Errorf("got %v", err)
	}
}

func TestTelemetry_changesTheLevelOfLoggersInUse(t *testing.T) {
	var out bytes.Buffer
	telemetry := must.Get(observability.Start(t.Context(), "sample", "info", &out))(t)
	t.Cleanup(func() { _ = telemetry.Shutdown(context.Background()) })
	log := telemetry.Log.With().Str("topic", "stock").Logger()
	for _, step := range []struct {
		level string
		lines int
	}{{"info", 1}, {"debug", 2}, {"error", 0}} {
		out.Reset()
		must.Do(t, telemetry.SetLevel(step.level))
		log.Debug().Msg("a detail")
		log.Info().Msg("a fact")
		if got := strings.Count(out.String(), "\n"); got != step.lines {
			t.Errorf("%s: got %d lines, want %d", step.level, got, step.lines)
		}
	}
	if err := telemetry.SetLevel("loud"); err == nil {
		t.Error("an unknown level was accepted")
	}
}
