package handlers

import (
	"context"
	"net/mail"

	"stoa/pkg/messaging"
	"stoa/services/notification/internal/domain"
)

// Notifier tells people.
type Notifier interface {
	Tell(ctx context.Context, n domain.Notice) error
}

// Subscriptions is the table of what this service is told, and whom it tells about it: customers about their orders,
// people about their accounts, the staff about stock.
func Subscriptions(notifier Notifier, staff mail.Address) []messaging.Subscription {
	e := events{notifier: notifier, staff: staff}
	return []messaging.Subscription{
		{Topic: "order-confirmed", On: map[string]messaging.Handler{
			"order.confirmed.v1": e.order(domain.OrderConfirmed),
		}},
		{Topic: "order-updates", On: map[string]messaging.Handler{
			"order.rejected.v1":  e.order(domain.OrderRejected),
			"order.cancelled.v1": e.order(domain.OrderCancelled),
			"order.shipped.v1":   e.order(domain.OrderShipped),
			"order.delivered.v1": e.order(domain.OrderDelivered),
		}},
		{Topic: "accounts", On: map[string]messaging.Handler{
			"account.registered.v1":       e.account(domain.AccountRegistered),
			"account.password_changed.v1": e.account(domain.PasswordChanged),
			"account.sessions_revoked.v1": e.account(domain.SessionsRevoked),
		}},
		{Topic: "stock", On: map[string]messaging.Handler{
			"stock.low.v1": messaging.Typed(e.lowStock),
		}},
	}
}

type events struct {
	notifier Notifier
	staff    mail.Address
}

// order returns the handler that tells customers that their order has come to this point.
func (e events) order(kind domain.Kind) messaging.Handler {
	return messaging.Typed(func(ctx context.Context, _ messaging.Event, order domain.Order) error {
		notice, err := domain.OfOrder(kind, order)
		if err != nil {
			return err
		}
		return e.notifier.Tell(ctx, notice)
	})
}

// account returns the handler that tells people that this has happened to their accounts.
func (e events) account(kind domain.Kind) messaging.Handler {
	return messaging.Typed(func(ctx context.Context, event messaging.Event, account domain.Account) error {
		notice, err := domain.OfAccount(kind, account, event.ID)
		if err != nil {
			return err
		}
		return e.notifier.Tell(ctx, notice)
	})
}

func (e events) lowStock(ctx context.Context, event messaging.Event, low domain.LowStock) error {
	notice, err := domain.OfLowStock(low, event.ID, event.Time, e.staff)
	if err != nil {
		return err
	}
	return e.notifier.Tell(ctx, notice)
}
