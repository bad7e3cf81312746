package repositories_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/pkg/observability"
	"stoa/pkg/sidecar/sidecartest"
	"stoa/services/order/internal/domain"
	"stoa/services/order/internal/repositories"
)

// A handler that runs again, or whose write was not the first, counts nothing: an order reaches a status once.
func TestOrders_areCountedOnceForEachStatus(t *testing.T) {
	telemetry := must.Get(observability.Start(t.Context(), "sample", "info", &bytes.Buffer{}))(t)
	t.Cleanup(func() { _ = telemetry.Shutdown(context.Background()) })
	_, side := sidecartest.New()
	orders := repositories.New(side)
	placed := domain.Order{ID: ids.New(), Status: domain.Pending, CreatedAt: time.Now().Add(-1500 * time.Millisecond).UTC()}
	must.Do(t, orders.Create(t.Context(), domain.Record{Order: placed}))
	for range 2 {
		must.Get(orders.Update(t.Context(), placed.ID, func(r *domain.Record) error {
			r.Reserve(nil, time.Now())
			return nil
		}))(t)
	}
	if _, err := orders.Update(t.Context(), placed.ID, func(r *domain.Record) error {
		r.Status = domain.Shipped
		return errs.New(errs.Conflict, "not now")
	}); err == nil {
		t.Fatal("the change did not fail")
	}

	answer := httptest.NewRecorder()
	telemetry.Metrics.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody))
	for series, want := range map[string]string{
		`stoa_orders_total\{.*outcome="confirmed".*\}`:                                 "1",
		`stoa_orders_total\{.*outcome="shipped".*\}`:                                   "0",
		`stoa_orders_decided_seconds_bucket\{.*outcome="confirmed",?.*le="1"\}`:        "0",
		`stoa_orders_decided_seconds_bucket\{.*outcome="confirmed",?.*le="(10|300)"\}`: "1",
	} {
		found := regexp.MustCompile(`(?m)^` + series + ` (?P<value>\S+)$`).FindStringSubmatch(answer.Body.String())
		if found == nil || found[len(found)-1] != want {
			t.Errorf("%s: got %v, want %s in\n%s", series, found, want, answer.Body)
		}
	}
}
