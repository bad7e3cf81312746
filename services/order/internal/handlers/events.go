package handlers

import (
	"context"

	"stoa/pkg/common/errs"
	"stoa/pkg/departures"
	"stoa/pkg/messaging"
	"stoa/pkg/observability"
	"stoa/services/order/internal/domain"
)

// Subscriptions is the table of the events and commands that the worker handles.
func Subscriptions(progress *domain.Progress, erasure *domain.Erasure) []messaging.Subscription {
	return []messaging.Subscription{
		// What inventory decided about the stock for an order.
		{Topic: "stock", On: map[string]messaging.Handler{
			"stock.reserved.v1": messaging.Typed(func(ctx context.Context, _ messaging.Event, s stock) error {
				return progress.Reserve(ctx, s.OrderID, s.Items)
			}),
			"stock.rejected.v1": messaging.Typed(func(ctx context.Context, _ messaging.Event, s stock) error {
				return progress.Reject(ctx, s.OrderID, s.Reason)
			}),
		}},
		// What customers and staff want done to an order.
		{Topic: "order-commands", On: map[string]messaging.Handler{
			"order.cancel.v1":  execute(progress, domain.Cancel),
			"order.ship.v1":    execute(progress, domain.Ship),
			"order.deliver.v1": execute(progress, domain.Deliver),
		}},
		// Customers who leave. Many orders take several runs: the broker delivers the event again.
		{Topic: "account-deletions", On: map[string]messaging.Handler{
			"account.deleted.v1": departures.Handler(func(ctx context.Context, d departures.Departure) error { return erasure.Erase(ctx, d.ID) }),
		}},
	}
}

// stock is the part of two payloads that matters here: stock.reserved.v1 has the items, stock.rejected.v1 has the reason.
type stock struct {
	OrderID string          `json:"orderId"`
	Items   []domain.Wanted `json:"items,omitempty"`
	Reason  string          `json:"reason,omitempty"`
}

// command is the payload of every command about an order.
type command struct {
	OrderID string `json:"orderId"`
	By      string `json:"by"`
	Reason  string `json:"reason"`
}

// execute returns the handler of a command. A command that comes too late is ignored: its sender reads the status that
// the order has instead.
func execute(progress *domain.Progress, of domain.Command) messaging.Handler {
	return messaging.Typed(func(ctx context.Context, _ messaging.Event, c command) error {
		err := progress.Execute(ctx, of, c.OrderID, c.Reason)
		if !errs.Is(err, errs.Conflict) {
			return err
		}
		observability.Log(ctx).Info().Err(err).Str("order_id", c.OrderID).Str("by", c.By).Msg("command came too late")
		return nil
	})
}
