// Package providers publishes the events of the service.
package providers

import (
	"context"

	"stoa/pkg/messaging"
	"stoa/services/inventory/internal/domain"
)

const (
	ordersTopic   = "stock"     // what became of the stock of an order
	lowStockTopic = "low-stock" // which products are low in stock
)

// Events implements domain.Publisher.
type Events struct{ publisher *messaging.Publisher }

// NewEvents returns Events that use this publisher.
func NewEvents(publisher *messaging.Publisher) *Events { return &Events{publisher: publisher} }

// reserved is the payload of stock.reserved.v1.
type reserved struct {
	OrderID string        `json:"orderId"`
	Items   []domain.Line `json:"items"` // as ordered, without the ids of movements
}

// Reserved implements domain.Publisher.
func (e *Events) Reserved(ctx context.Context, orderID string, lines []domain.Line, cause string) error {
	return e.publish(ctx, ordersTopic, "stock.reserved.v1", orderID, reserved{orderID, lines}, cause)
}

// rejected is the payload of stock.rejected.v1.
type rejected struct {
	OrderID   string            `json:"orderId"`
	Reason    string            `json:"reason"`
	Shortages []domain.Shortage `json:"shortages,omitempty"`
}

// Rejected implements domain.Publisher.
func (e *Events) Rejected(ctx context.Context, r domain.Reservation, cause string) error {
	return e.publish(ctx, ordersTopic, "stock.rejected.v1", r.OrderID, rejected{r.OrderID, r.Reason(), r.Shortages}, cause)
}

// LowStock implements domain.Publisher.
func (e *Events) LowStock(ctx context.Context, low domain.LowStock, cause string) error {
	return e.publish(ctx, lowStockTopic, "stock.low.v1", low.ProductID, low, cause)
}

func (e *Events) publish(ctx context.Context, topic, eventType, subject string, data any, cause string) error {
	event, err := messaging.New(eventType, subject, data, cause)
	if err != nil {
		return err
	}
	return e.publisher.Publish(ctx, topic, event)
}
