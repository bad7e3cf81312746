package observability

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"stoa/internal/monitoring"
	"stoa/internal/stack/state"
	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/system"
)

// fail has happen what alerts are about and a sound system does not show: the store of orders is locked, so that a command is tried
// again and people get errors; then the broker hangs, so that nothing can be published.
func (p people) fail(t *testing.T, seen prometheus) {
	t.Helper()
	product := shop.NewProduct(t, p.staff, 3)
	order := shop.PlaceOrder(t, p.customer, product.ID, 1)
	shop.AwaitOrder(t, p.customer, order.ID, "confirmed")

	unlock := system.LockStore(t, state.Path(shop.Dir(), "data", "order.db"))
	shop.Await(t, client.Request{Method: "POST", Path: "/orders/" + order.ID + "/cancel", As: p.customer}, http.StatusOK, http.StatusAccepted)
	p.isRefused(t, product)
	system.Eventually(t, "the command is tried again", func() error {
		return seen.expect(t.Context(), `sum(stoa_events_handled_seconds_count{topic="order-commands",outcome="retry"}) > 0`, 1)
	})
	unlock()
	shop.AwaitOrder(t, p.customer, order.ID, "cancelled")

	must.Do(t, shop.Freeze("broker"))
	thaw := func() { must.Do(t, shop.Thaw("broker")) }
	t.Cleanup(thaw)
	p.isRefused(t, product)
	thaw()
}

// isRefused expects that no order can be placed.
func (p people) isRefused(t *testing.T, product client.Product) {
	t.Helper()
	if answer := shop.Try(t, client.OrderBy(p.customer, product.ID, 1)); answer.Status != http.StatusServiceUnavailable {
		t.Errorf("an order got %s", answer)
	}
}

// selected fails unless each selector of the rules selects something: a metric, a label or a value that the system does not have would
// be an alert that never fires.
func (p prometheus) selected(ctx context.Context, rules []byte) error {
	for _, found := range selector.FindAllStringSubmatch(string(rules), -1) {
		if values, err := p.query(ctx, "count("+found[0]+")"); err != nil || len(values) == 0 {
			return fmt.Errorf("%s selects nothing (%w)", found[0], err)
		}
	}
	return nil
}

func checkSelectors(t *testing.T, seen prometheus) {
	rules := must.Get(os.ReadFile(filepath.Join(system.Root(t), monitoring.Folder, monitoring.RulesFile)))(t)
	system.Eventually(t, "each selector of the rules selects something", func() error { return seen.selected(t.Context(), rules) })
}
