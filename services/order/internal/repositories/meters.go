package repositories

import (
	"context"

	"stoa/pkg/observability"
	"stoa/services/order/internal/domain"
)

// promised is how many seconds after an order was accepted it is to be confirmed: docs/observability.md.
const promised = 2

// meters count what became of orders. The write that moves an order is counted, so a handler that runs again counts nothing.
type meters struct {
	outcomes observability.Outcomes
	decided  observability.Durations
}

func newMeters() meters {
	return meters{
		observability.NewOutcomes("stoa.orders", "Orders that reached a status",
			string(domain.Confirmed), string(domain.Rejected), string(domain.Cancelled), string(domain.Shipped), string(domain.Delivered)),
		observability.NewDurations("stoa.orders.decided", "Time from accepting an order to its first other status",
			.05, .1, .25, .5, 1, promised, 5, 10, 30, 60, 300),
	}
}

// moved counts an order that had another status before.
func (m meters) moved(ctx context.Context, before domain.Status, order domain.Order) {
	if order.Status == before {
		return
	}
	m.outcomes.Add(ctx, string(order.Status))
	if before == domain.Pending {
		m.decided.Add(ctx, order.UpdatedAt.Sub(order.CreatedAt), string(order.Status))
	}
}
