package handlers

import (
	"context"

	"stoa/pkg/common/errs"
	"stoa/pkg/messaging"
	"stoa/pkg/observability"
	"stoa/services/order/internal/domain"
)

// Subscriptions is the table of the events and commands that the worker handles.
func Subscriptions(progress *domain.Progress) []messaging.Subscription {
	h := events{progress}
	return []messaging.Subscription{
		// What inventory decided about the stock for an order.
		{Topic: "stock", On: map[string]messaging.Handler{
			"stock.reserved.v1": messaging.Typed(h.reserved),
			"stock.rejected.v1": messaging.Typed(h.rejected),
		}},
		// What customers and staff want done to an order.
		{Topic: "order-commands", On: map[string]messaging.Handler{
			"order.cancel.v1":  h.command(domain.Cancel),
			"order.ship.v1":    h.command(domain.Ship),
			"order.deliver.v1": h.command(domain.Deliver),
		}},
	}
}

type events struct{ progress *domain.Progress }

// reserved is the payload of stock.reserved.v1.
type reserved struct {
	OrderID string          `json:"orderId"`
	Items   []domain.Wanted `json:"items"`
}

func (h events) reserved(ctx context.Context, _ messaging.Event, stock reserved) error {
	return h.progress.Reserve(ctx, stock.OrderID, stock.Items)
}

// rejected is the part of stock.rejected.v1 that matters here.
type rejected struct {
	OrderID string `json:"orderId"`
	Reason  string `json:"reason"`
}

func (h events) rejected(ctx context.Context, _ messaging.Event, stock rejected) error {
	return h.progress.Reject(ctx, stock.OrderID, stock.Reason)
}

// command is the payload of every command about an order.
type command struct {
	OrderID string `json:"orderId"`
	By      string `json:"by"`
	Reason  string `json:"reason"`
}

// command returns the handler of a command. A command that comes too late is ignored: its sender reads the status that
// the order has instead.
func (h events) command(of domain.Command) messaging.Handler {
	return messaging.Typed(func(ctx context.Context, _ messaging.Event, c command) error {
		err := h.progress.Execute(ctx, of, c.OrderID, c.Reason)
		if !errs.Is(err, errs.Conflict) {
			return err
		}
		observability.Log(ctx).Info().Err(err).Str("order_id", c.OrderID).Str("by", c.By).Msg("command came too late")
		return nil
	})
}
