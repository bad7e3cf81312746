package observability_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"
	"time"

	"stoa/pkg/common/must"
	"stoa/pkg/observability"
)

func TestOutcomes_areShownFromTheStart(t *testing.T) {
	telemetry := must.Get(observability.Start(t.Context(), "sample", "info", &bytes.Buffer{}))(t)
	t.Cleanup(func() { _ = telemetry.Shutdown(context.Background()) })
	orders := observability.NewOutcomes("stoa.orders", "Orders", "confirmed", "rejected")
	decided := observability.NewDurations("stoa.orders.decided", "Time", 1, 2, 5)
	orders.Add(t.Context(), "confirmed")
	decided.Add(t.Context(), 1500*time.Millisecond, "confirmed")
	decided.Add(t.Context(), -time.Millisecond, "confirmed") // two clocks may differ

	answer := httptest.NewRecorder()
	telemetry.Metrics.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody))
	for series, value := range map[string]string{
		`stoa_orders_total\{.*outcome="confirmed".*\}`:                          "1",
		`stoa_orders_total\{.*outcome="rejected".*\}`:                           "0",
		`stoa_orders_decided_seconds_bucket\{.*outcome="confirmed",?.*le="1"\}`: "1",
		`stoa_orders_decided_seconds_bucket\{.*outcome="confirmed",?.*le="2"\}`: "2",
	} {
		found := regexp.MustCompile(`(?m)^` + series + ` (\S+)$`).FindStringSubmatch(answer.Body.String())
		if found == nil || found[1] != value {
			t.Errorf("%s: got %v, want %s in\n%s", series, found, value, answer.Body)
		}
	}
}
