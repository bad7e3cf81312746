package providers

import (
	"context"

	"stoa/pkg/messaging"
	"stoa/services/order/internal/domain"
)

// The topics that this service publishes on.
const (
	placedTopic    = "order-placed"
	confirmedTopic = "order-confirmed"
	updatesTopic   = "order-updates"
	commandsTopic  = "order-commands"
)

// Events implements domain.Publisher. The id of an event follows from its type, its order and its cause, so an event that
// is published twice has the same id.
type Events struct{ publisher *messaging.Publisher }

// NewEvents returns the Events of the publisher's app.
func NewEvents(publisher *messaging.Publisher) *Events { return &Events{publisher: publisher} }

// Placed says that an order was placed. Each attempt has its own event id: otherwise the broker would drop the event of a
// second attempt as a copy of the first.
func (e *Events) Placed(ctx context.Context, draft domain.Record) error {
	return e.publish(ctx, placedTopic, "order.placed.v1", draft.ID, draft.PlacedView(), draft.Attempt)
}

// Changed says that an order has reached a status.
func (e *Events) Changed(ctx context.Context, order domain.Order) error {
	topic := updatesTopic
	if order.Status == domain.Confirmed {
		topic = confirmedTopic
	}
	return e.publish(ctx, topic, "order."+string(order.Status)+".v1", order.ID, order)
}

// Anonymised says that the customer of an order has deleted their account.
func (e *Events) Anonymised(ctx context.Context, order domain.Order) error {
	return e.publish(ctx, updatesTopic, "order.anonymised.v1", order.ID, order)
}

// expired is the payload of order.expired.v1.
type expired struct {
	ID     string `json:"id"`
	Reason string `json:"reason"`
}

// Expired says that the stock reserved under this id is not needed.
func (e *Events) Expired(ctx context.Context, id, reason string) error {
	return e.publish(ctx, updatesTopic, "order.expired.v1", id, expired{ID: id, Reason: reason})
}

// cancel is the payload of order.cancel.v1.
type cancel struct {
	OrderID string `json:"orderId"`
	By      string `json:"by"`
	Reason  string `json:"reason"`
}

// Cancel asks the worker to cancel an order, on behalf of its customer.
func (e *Events) Cancel(ctx context.Context, order domain.Order) error {
	return e.publish(ctx, commandsTopic, "order.cancel.v1", order.ID,
		cancel{OrderID: order.ID, By: order.Customer.ID, Reason: "cancelled by the customer"})
}

func (e *Events) publish(ctx context.Context, topic, eventType, id string, data any, cause ...string) error {
	event, err := messaging.New(eventType, id, data, cause...)
	if err != nil {
		return err
	}
	return e.publisher.Publish(ctx, topic, event)
}
