// Package domain is what the staff works with: orders to be shipped, and events that a consumer could not handle.
package domain

import (
	"slices"
	"time"

	"stoa/pkg/common/errs"
)

// Status is the status of a fulfilment.
type Status string

// The statuses. An order only moves forward, and ends as delivered or cancelled.
const (
	Queued    Status = "queued"
	Shipped   Status = "shipped"
	Delivered Status = "delivered"
	Cancelled Status = "cancelled"
)

// Fulfilment is a confirmed order as the staff sees it.
type Fulfilment struct {
	OrderID   string    `json:"orderId" doc:"The id of the order"`
	Status    Status    `json:"status" enum:"queued,shipped,delivered,cancelled"`
	Customer  Customer  `json:"customer" doc:"The recipient"`
	Items     []Line    `json:"items" doc:"The lines to pack"`
	Total     Money     `json:"total" doc:"What the customer pays"`
	CreatedAt time.Time `json:"createdAt" doc:"When the order was placed"`
	UpdatedAt time.Time `json:"updatedAt" doc:"When it reached its status"`
	// Anonymous says that the customer has deleted their account: events that are late have the name all the same.
	Anonymous bool `json:"anonymous,omitempty" doc:"The account of the customer was deleted"`
}

// Customer is who placed an order, without name and address if their account is deleted.
type Customer struct {
	ID    string `json:"id"`
	Email string `json:"email,omitempty"`
	Name  string `json:"name,omitempty"`
}

// Line is one product of an order.
type Line struct {
	ProductID string `json:"productId"`
	SKU       string `json:"sku"`
	Name      string `json:"name"`
	Quantity  int64  `json:"quantity"`
	UnitPrice Money  `json:"unitPrice"`
}

// Money is an amount in minor units of a currency.
type Money struct {
	Amount   int64  `json:"amount" doc:"Minor units, such as cents"`
	Currency string `json:"currency" doc:"ISO 4217"`
}

// Order is an order in the form that its events carry.
type Order struct {
	ID        string    `json:"id"`
	Customer  Customer  `json:"customer"`
	Status    string    `json:"status"`
	Items     []Line    `json:"items"`
	Total     Money     `json:"total"`
	Reason    string    `json:"reason,omitempty"`
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
}

// Confirmed reports whether the order is to be shipped, as far as its event says.
func (o Order) Confirmed() bool { return reached[o.Status] == Queued }

// reached maps the status of an order to that of its fulfilment.
var reached = map[string]Status{"confirmed": Queued, "shipped": Shipped, "delivered": Delivered, "cancelled": Cancelled}

// progress is the order of the statuses; the first is that of a fulfilment that does not exist yet.
var progress = []Status{"", Queued, Shipped, Delivered, Cancelled}

// Record takes over what an event says about the order: errs.Invalid if it has no fulfilment. Events overtake each other,
// so only an event that is further counts: an order whose cancellation comes first is never queued.
func (f *Fulfilment) Record(order Order) error {
	status, known := reached[order.Status]
	if !known || order.ID == "" || len(order.Items) == 0 {
		return errs.New(errs.Invalid, "an order %q with %d lines and status %q has no fulfilment",
			order.ID, len(order.Items), order.Status)
	}
	if f.Status != "" && f.Finished() || slices.Index(progress, status) <= slices.Index(progress, f.Status) {
		return nil
	}
	*f = Fulfilment{
		OrderID: order.ID, Status: status, Customer: order.Customer, Items: order.Items, Total: order.Total,
		CreatedAt: order.CreatedAt, UpdatedAt: order.UpdatedAt, Anonymous: f.Anonymous,
	}
	if f.Anonymous {
		f.Customer = Customer{ID: order.Customer.ID}
	}
	return nil
}

// Anonymise takes the customer from the fulfilment, for good.
func (f *Fulfilment) Anonymise(order Order) {
	f.OrderID, f.Anonymous, f.Customer = order.ID, true, Customer{ID: order.Customer.ID}
}

// Finished reports whether the staff has nothing left to do: also if there is nothing yet but that the customer has left.
func (f Fulfilment) Finished() bool {
	return f.Status == "" || f.Status == Delivered || f.Status == Cancelled
}

// Step is what the staff does with an order, by a command to its owner.
type Step struct {
	// From is the status before the step, To the status after it.
	From, To Status
	// Command is the event type of the command.
	Command string
}

// The steps.
var (
	Ship    = Step{From: Queued, To: Shipped, Command: "order.ship.v1"}
	Deliver = Step{From: Shipped, To: Delivered, Command: "order.deliver.v1"}
)

// Check reports whether the step is done already: errs.Conflict if the fulfilment has neither status of the step.
func (s Step) Check(f Fulfilment) (done bool, err error) {
	switch f.Status {
	case s.To:
		return true, nil
	case s.From:
		return false, nil
	default:
		return false, errs.New(errs.Conflict, "this order is %s: only a %s order can be %s", f.Status, s.From, s.To)
	}
}
