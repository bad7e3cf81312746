// Package providers publishes commands and replayed events.
package providers

import (
	"context"

	"stoa/pkg/messaging"
	"stoa/services/backoffice/internal/domain"
)

// Events implements domain.Publisher.
type Events struct{ publisher *messaging.Publisher }

// NewEvents returns the Events of the publisher's app.
func NewEvents(publisher *messaging.Publisher) *Events { return &Events{publisher} }

// command is the payload of the commands to the owner of an order.
type command struct {
	OrderID string `json:"orderId"`
	By      string `json:"by"`
}

// Command publishes the command of a step. Two commands with the same cause are the same event.
func (e *Events) Command(ctx context.Context, step domain.Step, orderID, by, cause string) error {
	event, err := messaging.New(step.Command, orderID, command{OrderID: orderID, By: by}, cause)
	if err != nil {
		return err
	}
	return e.publisher.Publish(ctx, "order-commands", event)
}

// Replay publishes an event to a topic.
func (e *Events) Replay(ctx context.Context, topic string, event domain.Event) error {
	return e.publisher.Publish(ctx, topic, messaging.Event(event))
}
