package api

import (
	"context"
	"iter"
	"net/http"
	"time"
)

const orders = "order-api"

// Order is an order of a customer.
type Order struct {
	ID         string    `json:"id"`
	Status     string    `json:"status"`
	CustomerID string    `json:"customerId"`
	Items      []Line    `json:"items"`
	Total      Money     `json:"total"`
	Reason     string    `json:"reason"` // why it was rejected or cancelled
	CreatedAt  time.Time `json:"createdAt"`
	UpdatedAt  time.Time `json:"updatedAt"` // when it reached its status
}

// Line is a number of pieces of one product, with its name and price when it was ordered.
type Line struct {
	ProductID string `json:"productId"`
	Name      string `json:"name"`
	SKU       string `json:"sku"`
	Quantity  int64  `json:"quantity"`
	UnitPrice Money  `json:"unitPrice"`
}

// Sum is the price of all pieces of the line.
func (l Line) Sum() Money {
	return Money{Amount: l.UnitPrice.Amount * l.Quantity, Currency: l.UnitPrice.Currency}
}

// steps are the statuses that an order reaches one after the other, unless it ends early.
var steps = map[string]int{"pending": 1, "confirmed": 2, "shipped": 3, "delivered": 4}

// Step is how far the order is, from 1 to 4; 0 if it was rejected or cancelled.
func (o Order) Step() int { return steps[o.Status] }

// Final reports whether the order never changes again.
func (o Order) Final() bool { return o.Step() == 0 || o.Step() == steps["delivered"] }

// Cancellable reports whether its customer can still cancel the order.
func (o Order) Cancellable() bool {
	return o.Step() == steps["pending"] || o.Step() == steps["confirmed"]
}

// Pieces is the number of pieces of all lines.
func (o Order) Pieces() (sum int64) {
	for _, line := range o.Items {
		sum += line.Quantity
	}
	return sum
}

// Wanted is a line of an order that is to be placed, with the price that the customer was shown.
type Wanted struct {
	ProductID string `json:"productId"`
	Quantity  int64  `json:"quantity"`
	UnitPrice Money  `json:"unitPrice"`
}

// PlaceOrder places an order, or finds the one that was placed with the same key before. It fails with errs.KeyReused if that has other
// lines, and with errs.Conflict if a price is another one now.
func (c *Client) PlaceOrder(ctx context.Context, key string, lines []Wanted) (Order, error) {
	o := to(orders, http.MethodPost, "/api/v1/orders")
	o.key, o.body = key, map[string]any{"items": lines}
	return call[Order](ctx, c, o)
}

// MyOrders returns a page of the caller's orders, the latest first. Pending ones are not among them.
func (c *Client) MyOrders(ctx context.Context, cursor string) (List[Order], error) {
	return call[List[Order]](ctx, c, get(orders, "/api/v1/orders").with("cursor", cursor))
}

// Order returns an order of the caller. Staff may see every order.
func (c *Client) Order(ctx context.Context, id string) (Order, error) {
	return call[Order](ctx, c, get(orders, "/api/v1/orders", id))
}

// CancelOrder cancels an order of the caller, and returns it as it is a moment later: cancelled, or not yet. It fails with errs.Conflict
// if the order has been shipped, or has ended.
func (c *Client) CancelOrder(ctx context.Context, id string) (Order, error) {
	o := to(orders, http.MethodPost, "/api/v1/orders", id)
	o.path += "/cancel"
	return call[Order](ctx, c, o)
}

// WatchOrder yields an order as it is, and then each change of it, until nothing more can change.
func (c *Client) WatchOrder(ctx context.Context, id string) iter.Seq2[Order, error] {
	o := get(orders, "/api/v1/orders", id)
	o.path += "/events"
	return stream[Order](ctx, c, o)
}
