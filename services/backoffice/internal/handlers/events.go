package handlers

import (
	"context"
	"encoding/json"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/messaging"
	"stoa/services/backoffice/internal/domain"
)

// appID is in whose name orders are shipped when nobody asks for it.
const appID = "backoffice"

// Subscriptions is the table of what this service is told.
func (h *Handlers) Subscriptions() []messaging.Subscription {
	record := messaging.Typed(h.record)
	return []messaging.Subscription{
		{Topic: "order-confirmed", On: map[string]messaging.Handler{
			"order.confirmed.v1": messaging.Typed(h.confirmed),
		}},
		{Topic: "order-updates", On: map[string]messaging.Handler{
			"order.shipped.v1":   record,
			"order.delivered.v1": record,
			"order.cancelled.v1": record,
		}},
		{Topic: messaging.DeadLetters, On: map[string]messaging.Handler{
			messaging.DeadLetterType: h.keepDeadLetter,
		}},
	}
}

// confirmed queues an order, and ships it at once if that is how the operator wants it.
func (h *Handlers) confirmed(ctx context.Context, e messaging.Event, order domain.Order) error {
	fulfilment, err := h.fulfilments.Record(ctx, order)
	auto := h.options.AutoFulfil != nil && h.options.AutoFulfil()
	if err != nil || !auto || fulfilment.Status != domain.Queued {
		return err
	}
	return h.command(ctx, domain.Ship, order.ID, appID, e.ID)
}

func (h *Handlers) record(ctx context.Context, _ messaging.Event, order domain.Order) error {
	_, err := h.fulfilments.Record(ctx, order)
	return err
}

// keepDeadLetter keeps a dead letter. This must not make dead letters of its own, which would come back here: what cannot
// be read is kept as it is, and what cannot be kept stays with the broker until it can.
func (h *Handlers) keepDeadLetter(ctx context.Context, e messaging.Event) error {
	var letter domain.DeadLetter
	if err := json.Unmarshal(e.Data, &letter); err != nil || letter.ID == "" {
		letter = unreadable(e)
	}
	if err := h.letters.Add(ctx, letter); err != nil {
		return errs.Wrap(errs.Unavailable, err, "the dead letter %s cannot be kept", letter.ID)
	}
	return nil
}

// unreadable makes a dead letter of an event that is none.
func unreadable(e messaging.Event) domain.DeadLetter {
	if !json.Valid(e.Data) {
		e.Data, _ = json.Marshal(string(e.Data)) // a text always can be
	}
	return domain.DeadLetter{
		ID: e.ID, Consumer: appID, Topic: messaging.DeadLetters, Reason: "this is no dead letter", Attempts: 1,
		FailedAt: time.Now().UTC(), Event: domain.Event(e),
	}
}
