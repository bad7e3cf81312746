package handlers

import (
	"context"
	"net/mail"

	"stoa/pkg/messaging"
	"stoa/services/notification/internal/domain"
)

// Subscriptions returns the events that people get notices about, by topic. Notices about low stock go to the address of the
// staff.
func Subscriptions(notifier *domain.Notifier, staff mail.Address) []messaging.Subscription {
	order := func(kind domain.Kind) messaging.Handler {
		return tell(notifier, func(_ messaging.Event, order domain.Order) (domain.Notice, error) {
			return domain.OrderNotice(kind, order)
		})
	}
	account := func(kind domain.Kind) messaging.Handler {
		return tell(notifier, func(e messaging.Event, account domain.Account) (domain.Notice, error) {
			return domain.AccountNotice(kind, account, e.ID)
		})
	}
	lowStock := tell(notifier, func(e messaging.Event, low domain.LowStock) (domain.Notice, error) {
		return domain.LowStockNotice(low, e.ID, e.Time, staff)
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

// tell returns the handler that tells people what notice makes of an event.
func tell[T any](notifier *domain.Notifier, notice func(messaging.Event, T) (domain.Notice, error)) messaging.Handler {
	return messaging.Typed(func(ctx context.Context, e messaging.Event, data T) error {
		n, err := notice(e, data)
		if err != nil {
			return err
		}
		return notifier.Tell(ctx, n)
	})
}
