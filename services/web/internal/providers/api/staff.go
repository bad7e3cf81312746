package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

const backoffice = "backoffice"

// The statuses of a fulfilment, in their order.
const (
	Queued    = "queued"
	Shipped   = "shipped"
	Delivered = "delivered"
	Cancelled = "cancelled"
)

// OrderLine is one product of an order, as it was ordered.
type OrderLine struct {
	ProductID string `json:"productId"`
	SKU       string `json:"sku"`
	Name      string `json:"name"`
	Quantity  int64  `json:"quantity"`
	UnitPrice Money  `json:"unitPrice"`
}

// Sum is the price of the line.
func (l OrderLine) Sum() Money { return Money{l.Quantity * l.UnitPrice.Amount, l.UnitPrice.Currency} }

// Fulfilment is an order to be shipped, or one that is.
type Fulfilment struct {
	OrderID  string `json:"orderId"`
	Status   string `json:"status"`
	Customer struct {
		ID    string `json:"id"`
		Email string `json:"email"`
		Name  string `json:"name"`
	} `json:"customer"`
	Items     []OrderLine `json:"items"`
	Total     Money       `json:"total"`
	CreatedAt time.Time   `json:"createdAt"`
	UpdatedAt time.Time   `json:"updatedAt"`
}

// StaffOrder is an order of any customer, as staff see it.
type StaffOrder struct {
	ID         string      `json:"id"`
	Status     string      `json:"status"`
	CustomerID string      `json:"customerId"`
	Items      []OrderLine `json:"items"`
	Total      Money       `json:"total"`
	Reason     string      `json:"reason"`
	CreatedAt  time.Time   `json:"createdAt"`
	UpdatedAt  time.Time   `json:"updatedAt"`
}

// Fulfilments returns a page of the fulfilments with a status.
func (c *Client) Fulfilments(ctx context.Context, status, cursor, limit string) (List[Fulfilment], error) {
	o := get(backoffice, "/api/v1/backoffice/fulfilments")
	return call[List[Fulfilment]](ctx, c, o.with("status", status, "cursor", cursor, "limit", limit))
}

// Ship marks an order as shipped, and Deliver as delivered. The answer has its status, which changes later if order-worker is slow.
func (c *Client) Ship(ctx context.Context, orderID string) (Fulfilment, error) {
	return c.step(ctx, orderID, "/ship")
}

// Deliver marks an order as delivered, see Ship.
func (c *Client) Deliver(ctx context.Context, orderID string) (Fulfilment, error) {
	return c.step(ctx, orderID, "/deliver")
}

func (c *Client) step(ctx context.Context, orderID, step string) (Fulfilment, error) {
	o := to(backoffice, http.MethodPost, "/api/v1/backoffice/fulfilments", orderID)
	o.path += step
	return call[Fulfilment](ctx, c, o)
}

// AnyOrder returns the order of any customer, for staff.
func (c *Client) AnyOrder(ctx context.Context, id string) (StaffOrder, error) {
	return call[StaffOrder](ctx, c, get(orders, "/api/v1/orders", id))
}

// OrdersOf returns a page of the orders of a customer, who is known by address or by account; the other one is "".
func (c *Client) OrdersOf(ctx context.Context, email, account, cursor string) (List[StaffOrder], error) {
	o := get(orders, "/api/v1/orders/of-customer")
	return call[List[StaffOrder]](ctx, c, o.with("email", email, "account", account, "cursor", cursor))
}

// DeadLetter is an event that an app could not handle.
type DeadLetter struct {
	ID       string    `json:"id"`
	Consumer string    `json:"consumer"`
	Topic    string    `json:"topic"`
	Reason   string    `json:"reason"`
	Attempts int       `json:"attempts"`
	FailedAt time.Time `json:"failedAt"`
	TraceID  string    `json:"traceId"`
	Event    struct {
		ID      string          `json:"id"`
		Type    string          `json:"type"`
		Source  string          `json:"source"`
		Subject string          `json:"subject"`
		Data    json.RawMessage `json:"data"`
	} `json:"event"`
	Replays []struct {
		EventID string    `json:"eventId"`
		By      string    `json:"by"`
		At      time.Time `json:"at"`
	} `json:"replays"`
}

// Letters returns a page of the dead letters, the latest first.
func (c *Client) Letters(ctx context.Context, cursor, limit string) (List[DeadLetter], error) {
	return call[List[DeadLetter]](ctx, c, get(backoffice, "/api/v1/backoffice/dead-letters").with("cursor", cursor, "limit", limit))
}

// DeadLetter returns a dead letter.
func (c *Client) DeadLetter(ctx context.Context, id string) (DeadLetter, error) {
	return call[DeadLetter](ctx, c, get(backoffice, "/api/v1/backoffice/dead-letters", id))
}

// Replay publishes the event of a dead letter again.
func (c *Client) Replay(ctx context.Context, id string) error {
	o := to(backoffice, http.MethodPost, "/api/v1/backoffice/dead-letters", id)
	o.path += "/replay"
	return do(ctx, c, o)
}

// Discard deletes a dead letter.
func (c *Client) Discard(ctx context.Context, id string) error {
	return do(ctx, c, to(backoffice, http.MethodDelete, "/api/v1/backoffice/dead-letters", id))
}
