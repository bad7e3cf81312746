package handlers

import (
	"context"

	"stoa/pkg/messaging"
	"stoa/services/notification/internal/domain"
)

// Subscriptions returns the events that people get notices about, by topic.
func Subscriptions(notifier *domain.Notifier) []messaging.Subscription {
	order := func(kind domain.Kind) messaging.Handler {
		return messaging.Typed(func(ctx context.Context, _ messaging.Event, order domain.Order) error {
			return notifier.TellOrder(ctx, kind, order)
		})
	}
	account := func(kind domain.Kind) messaging.Handler {
		return messaging.Typed(func(ctx context.Context, e messaging.Event, account domain.Account) error {
			return notifier.TellAccount(ctx, kind, account, e.ID)
		})
	}
	lowStock := messaging.Typed(func(ctx context.Context, e messaging.Event, low domain.LowStock) error {
		return notifier.TellLowStock(ctx, low, e.ID, e.Time)
	})
	return []messaging.Subscription{
		{Topic: "order-confirmed", On: map[string]messaging.Handler{
			"order.confirmed.v1": order(domain.OrderConfirmed),
		}},
		{Topic: "order-updates", On: map[string]messaging.Handler{
			"order.rejected.v1":  order(domain.OrderRejected),
			"order.cancelled.v1": order(domain.OrderCancelled),
			"order.shipped.v1":   order(domain.OrderShipped),
			"order.delivered.v1": order(domain.OrderDelivered),
		}},
		{Topic: "accounts", On: map[string]messaging.Handler{
			"account.registered.v1":       account(domain.AccountRegistered),
			"account.password_changed.v1": account(domain.PasswordChanged),
			"account.sessions_revoked.v1": account(domain.SessionsRevoked),
		}},
		{Topic: "stock", On: map[string]messaging.Handler{
			"stock.low.v1": lowStock,
		}},
	}
}
