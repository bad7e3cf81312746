package observability_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"go.opentelemetry.io/otel"

	"stoa/pkg/observability"
)

func TestLogLinesCarryTheTrace(t *testing.T) {
	var out bytes.Buffer
	telemetry, err := observability.Start(t.Context(), "sample", "info", &out)
	if err != nil {
		t.Fatal(err)
	}
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

func TestMetricsAreServed(t *testing.T) {
	telemetry, err := observability.Start(t.Context(), "sample", "info", &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = telemetry.Shutdown(context.Background()) })
	counter, err := otel.Meter("test").Int64Counter("stoa_test")
	if err != nil {
		t.Fatal(err)
	}
	counter.Add(t.Context(), 3)

	answer := httptest.NewRecorder()
	telemetry.Metrics.ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	if !strings.Contains(answer.Body.String(), "stoa_test_total") {
		t.Errorf("stoa_test_total is missing in:\n%s", answer.Body.String())
	}
}

func TestLogLevelIsChecked(t *testing.T) {
	_, err := observability.Start(t.Context(), "sample", "loud", &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), "LOG_LEVEL") {
		t.Errorf("got %v", err)
	}
}
