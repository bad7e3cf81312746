package handlers

import (
	"context"

	"stoa/pkg/messaging"
	"stoa/services/blog/internal/domain"
)

// Subscriptions is the table of the events that this service handles.
func Subscriptions(items *domain.Items) []messaging.Subscription {
	// A new account gets its first item. A second run finds that item and publishes the same event again.
	registered := messaging.Typed(func(ctx context.Context, _ messaging.Event, account domain.Account) error {
		_, err := items.Create(ctx, account.FirstItem())
		return err
	})
	return []messaging.Subscription{
		{Topic: "accounts", On: map[string]messaging.Handler{
			"account.registered.v1": registered,
		}},
	}
}
