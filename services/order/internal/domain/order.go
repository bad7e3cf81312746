// Package domain is what an order is: its lines, its total, and the states that it may pass through.
package domain

import (
	"fmt"
	"time"

	"stoa/pkg/common/errs"
)

// Limits of one order. The largest one stays far below the size of an event on any broker.
const (
	MaxLines    = 100
	MaxQuantity = 1000
)

// Customer is who ordered, as they were when they did.
type Customer struct {
	ID    string `json:"id"`
	Email string `json:"email"`
	Name  string `json:"name"`
}

// Line is a quantity of one product, called and priced as it was at the moment of the order.
type Line struct {
	ProductID string `json:"productId" doc:"The product"`
	SKU       string `json:"sku" doc:"Its stock keeping unit"`
	Name      string `json:"name" doc:"What it was called when it was ordered"`
	Quantity  int64  `json:"quantity" doc:"How many pieces"`
	UnitPrice Money  `json:"unitPrice" doc:"What one piece cost when it was ordered"`
}

// Order is a customer's order. Every event about it carries it in this form.
type Order struct {
	ID        string    `json:"id"`
	Customer  Customer  `json:"customer"`
	Status    Status    `json:"status"`
	Items     []Line    `json:"items"`
	Total     Money     `json:"total"`
	Reason    string    `json:"reason,omitempty"`
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
}

// Record is an order as it is kept: with what the taking of orders has to remember.
type Record struct {
	Order
	// RequestHash tells whether an Idempotency-Key comes again with the same request.
	RequestHash string `json:"requestHash,omitempty"`
	// Attempt names the try that wrote this draft. An id that is derived from a key may see several of them.
	Attempt string `json:"attempt,omitempty"`
	// Accepted says that somebody other than its writer has told the customer that this draft is taken.
	Accepted bool `json:"accepted,omitempty"`
}

// Wanted is a line as the customer asks for it: names and prices are for inventory to say.
type Wanted struct {
	ProductID string `json:"productId"`
	Quantity  int64  `json:"quantity"`
}

// CheckWanted says what is wrong with the lines that somebody asks for: errs.Invalid, naming each of them.
func CheckWanted(lines []Wanted) error {
	if len(lines) == 0 || len(lines) > MaxLines {
		return errs.InvalidField("items", "must be 1 to %d lines", MaxLines)
	}
	var wrong []errs.Field
	seen := make(map[string]int, len(lines))
	for i, line := range lines {
		if line.Quantity < 1 || line.Quantity > MaxQuantity {
			wrong = append(wrong, field(i, "quantity", "must be 1 to %d", MaxQuantity))
		}
		if first, twice := seen[line.ProductID]; twice {
			wrong = append(wrong, field(i, "productId", "is the product of items[%d] again: put both in one line", first))
			continue
		}
		seen[line.ProductID] = i
	}
	return errs.InvalidFields(wrong...)
}

// New returns a pending order of these lines, which somebody asked for and inventory has quoted: errs.Invalid if they
// have no common currency or no total.
func New(id string, customer Customer, lines []Line, now time.Time) (Order, error) {
	now = now.UTC().Truncate(time.Millisecond)
	order := Order{ID: id, Customer: customer, Status: Pending, Items: lines, CreatedAt: now, UpdatedAt: now}
	var wrong []errs.Field
	for i, line := range lines {
		if currency := lines[0].UnitPrice.Currency; line.UnitPrice.Currency != currency {
			wrong = append(wrong, field(i, "productId", "is sold in %s and items[0] in %s: order them apart",
				line.UnitPrice.Currency, currency))
			continue
		}
		total, ok := order.Total.addTimes(line.UnitPrice, line.Quantity)
		if !ok {
			wrong = append(wrong, field(i, "quantity", "makes the total too large"))
		}
		order.Total = total
	}
	return order, errs.InvalidFields(wrong...)
}

func field(line int, name, problem string, args ...any) errs.Field {
	return errs.Field{Name: fmt.Sprintf("items[%d].%s", line, name), Problem: fmt.Sprintf(problem, args...)}
}

// AsPlaced returns the order as it was when it was placed, whatever became of it: that is what whoever places it again
// is told, so that equal requests get equal answers.
func (o Order) AsPlaced() Order {
	o.Status, o.Reason, o.UpdatedAt = Pending, "", o.CreatedAt
	return o
}

// In returns the order with a status that it has passed through. A fact that is published late, after a crash, says
// what happened then.
func (o Order) In(s Status) Order {
	o.Status = s
	return o
}

// isFor reports whether the order is for exactly these lines, in any sequence.
func (o Order) isFor(lines []Wanted) bool {
	left := make(map[Wanted]bool, len(o.Items))
	for _, line := range o.Items {
		left[Wanted{ProductID: line.ProductID, Quantity: line.Quantity}] = true
	}
	for _, line := range lines {
		if !left[line] {
			return false
		}
		delete(left, line)
	}
	return len(left) == 0
}
