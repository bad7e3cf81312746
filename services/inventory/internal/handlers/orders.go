package handlers

import (
	"context"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/messaging"
	"stoa/services/inventory/internal/domain"
)

// stockTopic is where everything about the stock is told.
const stockTopic = "stock"

// Reader shows one product.
type Reader interface {
	Get(ctx context.Context, id string) (domain.Product, error)
}

// Orders handles what happens to orders.
type Orders struct {
	keeper    *domain.Keeper
	catalogue Reader
	publisher *messaging.Publisher
	lowStock  func() int64
}

// NewOrders returns the handlers. A product of which lowStock() pieces or fewer are left is told about.
func NewOrders(keeper *domain.Keeper, catalogue Reader, publisher *messaging.Publisher, lowStock func() int64) *Orders {
	return &Orders{keeper: keeper, catalogue: catalogue, publisher: publisher, lowStock: lowStock}
}

// Subscriptions is the table of the events that the stock listens to.
func (o *Orders) Subscriptions() []messaging.Subscription {
	return []messaging.Subscription{
		{Topic: "order-placed", On: map[string]messaging.Handler{
			"order.placed.v1": messaging.Typed(o.placed),
		}},
		{Topic: "order-updates", On: map[string]messaging.Handler{
			// An order that is rejected has nothing set aside, as a rule; if it has, that has to go back as well.
			"order.rejected.v1":  messaging.Typed(o.ended),
			"order.cancelled.v1": messaging.Typed(o.ended),
			"order.expired.v1":   messaging.Typed(o.ended),
			"order.shipped.v1":   messaging.Typed(o.shipped),
		}},
	}
}

// order is what the stock needs to know of an order.
type order struct {
	ID    string `json:"id"`
	Items []item `json:"items"`
}

// item is one line of an order.
type item struct {
	ProductID string `json:"productId"`
	Quantity  int64  `json:"quantity"`
}

// reserved is the payload of stock.reserved.v1.
type reserved struct {
	OrderID string `json:"orderId"`
	Items   []item `json:"items"`
}

// rejected is the payload of stock.rejected.v1.
type rejected struct {
	OrderID   string     `json:"orderId"`
	Reason    string     `json:"reason"`
	Shortages []shortage `json:"shortages,omitempty"`
}

// shortage is one line that lacks stock.
type shortage struct {
	ProductID string `json:"productId"`
	Requested int64  `json:"requested"`
	Available int64  `json:"available"`
}

// low is the payload of stock.low.v1.
type low struct {
	ProductID string `json:"productId"`
	SKU       string `json:"sku"`
	Name      string `json:"name"`
	Available int64  `json:"available"`
	Threshold int64  `json:"threshold"`
}

// placed reserves the stock of an order, or not, and tells which. A run that finds the decision made tells it again.
func (o *Orders) placed(ctx context.Context, e messaging.Event, placed order) error {
	if err := placed.check(); err != nil {
		return err
	}
	lines := make([]domain.Line, len(placed.Items))
	for i, item := range placed.Items {
		lines[i] = domain.Line{ProductID: item.ProductID, Quantity: item.Quantity}
	}
	decided, err := o.keeper.Reserve(ctx, placed.ID, lines)
	if err != nil {
		return err
	}
	if !decided.Grants(lines) {
		return o.publish(ctx, "stock.rejected.v1", placed.ID, rejectionOf(decided), e.ID)
	}
	if err := o.publish(ctx, "stock.reserved.v1", placed.ID, reserved{placed.ID, placed.Items}, e.ID); err != nil {
		return err
	}
	return o.tellLow(ctx, decided, e.ID)
}

// check refuses an order that cannot be one, before its id becomes a key.
func (o order) check() error {
	if !ids.Valid(o.ID) {
		return errs.InvalidField("id", "is no UUID")
	}
	return nil
}

func rejectionOf(decided domain.Reservation) rejected {
	out := rejected{OrderID: decided.OrderID, Reason: decided.Reason()}
	for _, s := range decided.Shortages {
		out.Shortages = append(out.Shortages, shortage(s))
	}
	return out
}

// tellLow tells about the products of which this order left few.
func (o *Orders) tellLow(ctx context.Context, decided domain.Reservation, cause string) error {
	few := o.lowStock()
	for _, line := range decided.Lines {
		if !line.CrossedDown(few) {
			continue
		}
		p, err := o.catalogue.Get(ctx, line.ProductID)
		if errs.Is(err, errs.NotFound) {
			continue // removed since: nobody needs to order more of it
		}
		if err != nil {
			return err
		}
		told := low{ProductID: p.ID, SKU: p.SKU, Name: p.Name, Available: line.Left, Threshold: few}
		if err := o.publish(ctx, "stock.low.v1", p.ID, told, cause); err != nil {
			return err
		}
	}
	return nil
}

// ended gives back the stock of an order that will not be shipped.
func (o *Orders) ended(ctx context.Context, _ messaging.Event, ended order) error {
	if err := ended.check(); err != nil {
		return err
	}
	return o.keeper.Release(ctx, ended.ID)
}

// shipped lets the stock of an order go.
func (o *Orders) shipped(ctx context.Context, _ messaging.Event, shipped order) error {
	if err := shipped.check(); err != nil {
		return err
	}
	return o.keeper.Commit(ctx, shipped.ID)
}

func (o *Orders) publish(ctx context.Context, eventType, subject string, data any, cause string) error {
	e, err := messaging.New(eventType, subject, data, cause)
	if err != nil {
		return err
	}
	return o.publisher.Publish(ctx, stockTopic, e)
}
