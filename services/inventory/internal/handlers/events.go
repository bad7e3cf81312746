package handlers

import (
	"context"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/messaging"
	"stoa/services/inventory/internal/domain"
)

// Subscriptions returns the events that the ledger handles, by topic.
func Subscriptions(ledger *domain.Ledger) []messaging.Subscription {
	reserve := handle(func(ctx context.Context, o order, eventID string) error {
		return ledger.Reserve(ctx, o.ID, o.CreatedAt, o.Items, eventID)
	})
	release := handle(func(ctx context.Context, o order, _ string) error { return ledger.Release(ctx, o.ID, o.Items) })
	commit := handle(func(ctx context.Context, o order, _ string) error { return ledger.Commit(ctx, o.ID, o.Items) })
	return []messaging.Subscription{
		{Topic: "order-placed", On: map[string]messaging.Handler{
			"order.placed.v1": reserve,
		}},
		{Topic: "order-updates", On: map[string]messaging.Handler{
			// A rejected order usually has no stock. If it has some, that is released too.
			"order.rejected.v1":  release,
			"order.cancelled.v1": release,
			"order.expired.v1":   release,
			"order.shipped.v1":   commit,
		}},
	}
}

// order is the part of an order event that the ledger needs.
type order struct {
	ID        string        `json:"id"`
	Items     []domain.Line `json:"items"`
	CreatedAt time.Time     `json:"createdAt"`
}

// handle returns a handler of order events. It checks the order's id, because the id becomes part of a document's key.
func handle(change func(ctx context.Context, o order, eventID string) error) messaging.Handler {
	return messaging.Typed(func(ctx context.Context, e messaging.Event, o order) error {
		if !ids.Valid(o.ID) {
			return errs.InvalidField("id", "must be a UUID")
		}
		return change(ctx, o, e.ID)
	})
}
