package handlers

import (
	"context"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/forms"
	"stoa/pkg/common/ids"
	"stoa/pkg/departures"
	"stoa/pkg/messaging"
	"stoa/services/backoffice/internal/domain"
)

// Subscriptions is the table of what this service handles.
func Subscriptions(fulfilments *domain.Fulfilments, letters *domain.DeadLetters) []messaging.Subscription {
	h := events{fulfilments, letters}
	record := messaging.Typed(h.record)
	return []messaging.Subscription{
		// Orders to be shipped.
		{Topic: "order-confirmed", On: map[string]messaging.Handler{
			"order.confirmed.v1": messaging.Typed(h.confirmed),
		}},
		// What became of them.
		{Topic: "order-updates", On: map[string]messaging.Handler{
			"order.shipped.v1":   record,
			"order.delivered.v1": record,
			"order.cancelled.v1": record,
			"order.anonymised.v1": messaging.Typed(func(ctx context.Context, _ messaging.Event, order domain.Order) error {
				if !ids.Valid(order.ID) {
					return errs.InvalidField("id", "must be a UUID")
				}
				return fulfilments.Anonymise(ctx, order)
			}),
		}},
		// Who has left: order-worker tells of their orders.
		{Topic: "account-deletions", On: map[string]messaging.Handler{
			"account.deleted.v1": departures.Handler(func(ctx context.Context, d departures.Departure) error { return letters.Erase(ctx, d.ID) }),
		}},
		// Events that a consumer could not handle.
		{Topic: messaging.DeadLetters, On: map[string]messaging.Handler{
			messaging.DeadLetterType: h.deadLetter,
		}},
	}
}

type events struct {
	fulfilments *domain.Fulfilments
	letters     *domain.DeadLetters
}

func (h events) confirmed(ctx context.Context, e messaging.Event, order domain.Order) error {
	return h.fulfilments.Confirm(ctx, order, e.ID)
}

func (h events) record(ctx context.Context, _ messaging.Event, order domain.Order) error {
	_, err := h.fulfilments.Record(ctx, order)
	return err
}

// deadLetter stores a dead letter. It must not fail in a way that makes another dead letter, which would come back here:
// what cannot be read is stored as it is, and what cannot be stored stays with the broker until it can.
func (h events) deadLetter(ctx context.Context, e messaging.Event) error {
	var letter domain.DeadLetter
	err := forms.Read(e.Data, &letter)
	if errs.Is(err, errs.Unavailable) {
		return err // a later build wrote it, and will read it
	}
	if err != nil || !ids.Valid(letter.ID) {
		letter = domain.Unreadable(domain.Event(e))
	}
	if err := h.letters.Receive(ctx, letter); err != nil {
		return errs.Wrap(errs.Unavailable, err, "the dead letter %s cannot be stored", letter.ID)
	}
	return nil
}
