package handlers

import (
	"context"
	"net/mail"

	"stoa/pkg/common/errs"
	"stoa/pkg/messaging"
	"stoa/services/notification/internal/domain"
)

// Tell tells a notice, such as domain.Notifier.Tell.
type Tell func(ctx context.Context, notice domain.Notice, cause domain.Cause) error

// Subscriptions returns the events that people get notices about, by topic. Notices about low stock go to the address of the
// staff.
func Subscriptions(tell Tell, staff mail.Address) []messaging.Subscription {
	const confirmed, updates, accounts, lowStock = "order-confirmed", "order-updates", "accounts", "low-stock"
	order := func(topic string, kind domain.Kind) messaging.Handler {
		return handle(tell, topic, func(_ messaging.Event, order domain.Order) (domain.Notice, error) {
			return domain.OrderNotice(kind, order)
		})
	}
	account := func(kind domain.Kind) messaging.Handler {
		return handle(tell, accounts, func(_ messaging.Event, account domain.Account) (domain.Notice, error) {
			return domain.AccountNotice(kind, account)
		})
	}
	code := handle(tell, accounts, func(_ messaging.Event, account domain.Account) (domain.Notice, error) {
		return domain.CodeNotice(account)
	})
	low := handle(tell, lowStock, func(e messaging.Event, low domain.LowStock) (domain.Notice, error) {
		return domain.LowStockNotice(low, e.ID, e.Time, staff)
	})
	return []messaging.Subscription{
		{Topic: confirmed, On: map[string]messaging.Handler{
			"order.confirmed.v1": order(confirmed, domain.OrderConfirmed),
		}},
		{Topic: updates, On: map[string]messaging.Handler{
			"order.rejected.v1":  order(updates, domain.OrderRejected),
			"order.cancelled.v1": order(updates, domain.OrderCancelled),
			"order.shipped.v1":   order(updates, domain.OrderShipped),
			"order.delivered.v1": order(updates, domain.OrderDelivered),
		}},
		{Topic: accounts, On: map[string]messaging.Handler{
			"account.registered.v1":             account(domain.AccountRegistered),
			"account.verification_requested.v1": code,
			"account.verified.v1":               account(domain.AddressVerified),
			"account.password_changed.v1":       account(domain.PasswordChanged),
			"account.sessions_revoked.v1":       account(domain.SessionsRevoked),
		}},
		{Topic: lowStock, On: map[string]messaging.Handler{
			"stock.low.v1": low,
		}},
	}
}

// handle returns the handler that tells the notice of an event.
func handle[T any](tell Tell, topic string, noticeOf func(messaging.Event, T) (domain.Notice, error)) messaging.Handler {
	return messaging.Typed(func(ctx context.Context, e messaging.Event, data T) error {
		notice, err := noticeOf(e, data)
		if err != nil {
			return err
		}
		return tell(ctx, notice, domain.Cause{Topic: topic, Event: domain.Event(e)})
	})
}

// noticeOf returns a function that makes the notice of an event again, as its subscription does.
func noticeOf(staff mail.Address) func(domain.Cause) (domain.Notice, error) {
	return func(cause domain.Cause) (notice domain.Notice, err error) {
		keep := func(_ context.Context, n domain.Notice, _ domain.Cause) error {
			notice = n
			return nil
		}
		for _, s := range Subscriptions(keep, staff) {
			if again := s.On[cause.Event.Type]; again != nil {
				return notice, again(context.Background(), messaging.Event(cause.Event))
			}
		}
		return notice, errs.New(errs.Invalid, "there are no notices about %s", cause.Event.Type)
	}
}
