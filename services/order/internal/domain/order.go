// Package domain is what an order is, and how it is placed, changed and read.
package domain

import (
	"fmt"
	"slices"
	"time"

	"stoa/pkg/common/errs"
)

// Limits of one order. The largest one stays far below the size of an event on any broker.
const (
	MaxLines    = 100
	MaxQuantity = 1000
)

// Customer is the person who placed the order, with the address and name that they had then, or with neither if their account is
// deleted.
type Customer struct {
	ID    string `json:"id"`
	Email string `json:"email,omitempty"`
	Name  string `json:"name,omitempty"`
}

// anonymous returns the customer without name and address.
func (c Customer) anonymous() Customer { return Customer{ID: c.ID} }

// Line is a quantity of one product, with its name and price at the moment of the order.
type Line struct {
	ProductID string `json:"productId" doc:"The product"`
	SKU       string `json:"sku" doc:"The stock keeping unit of the product"`
	Name      string `json:"name" doc:"Its name when it was ordered"`
	Quantity  int64  `json:"quantity" doc:"The number of pieces"`
	UnitPrice Money  `json:"unitPrice" doc:"The price of one piece when it was ordered"`
}

// Order is a customer's order, in the form that its events carry.
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

// Record is an order as it is stored, with what its placement needs.
type Record struct {
	Order
	// RequestHash shows whether a repeated Idempotency-Key comes with the same request.
	RequestHash string `json:"requestHash,omitempty"`
	// Attempt identifies the request that wrote this draft: several requests with one key write under the same id.
	Attempt string `json:"attempt,omitempty"`
	// Accepted says that a repeated request has published this draft, so its writer must not withdraw it.
	Accepted bool `json:"accepted,omitempty"`
}

// pieces is the number of pieces of all lines.
func (o Order) pieces() (sum int64) {
	for _, line := range o.Items {
		sum += line.Quantity
	}
	return sum
}

// Wanted is a line as the customer asks for it. Inventory adds the name and the price.
type Wanted struct {
	ProductID string `json:"productId"`
	Quantity  int64  `json:"quantity"`
	// UnitPrice is the price that the customer was shown, the zero Money if the request does not say.
	UnitPrice Money `json:"unitPrice,omitzero"`
}

func pieces(lines []Wanted) (sum int64) {
	for _, line := range lines {
		sum += line.Quantity
	}
	return sum
}

// CheckWanted checks the lines that a customer asks for. It fails with errs.Invalid, which names each wrong line.
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
			wrong = append(wrong, field(i, "productId", "repeats the product of items[%d]: put both in one line", first))
			continue
		}
		seen[line.ProductID] = i
	}
	return errs.InvalidFields(wrong...)
}

// New returns a pending order of lines that inventory has quoted. It fails with errs.Invalid if their currencies differ or
// their total is too large.
func New(id string, customer Customer, lines []Line, now time.Time) (Order, error) {
	now = now.UTC().Truncate(time.Millisecond)
	order := Order{ID: id, Customer: customer, Status: Pending, Items: lines, CreatedAt: now, UpdatedAt: now}
	var wrong []errs.Field
	for i, line := range lines {
		if currency := lines[0].UnitPrice.Currency; line.UnitPrice.Currency != currency {
			wrong = append(wrong, field(i, "productId", "is sold in %s and items[0] in %s: order them separately",
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

// checkPrices compares the prices that the customer was shown with the quoted ones. It fails with errs.Conflict, which names
// each line with another price, and that price.
func checkPrices(wanted []Wanted, quoted []Line) error {
	var wrong []errs.Field
	for i, line := range wanted {
		if now := quoted[i].UnitPrice; line.UnitPrice != (Money{}) && line.UnitPrice != now {
			wrong = append(wrong, field(i, "unitPrice", `is now {"amount":%d,"currency":%q}`, now.Amount, now.Currency))
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return &errs.Error{Kind: errs.Conflict, Message: "the customer was shown another price: nothing is ordered", Fields: wrong}
}

func field(line int, name, problem string, args ...any) errs.Field {
	return errs.Field{Name: fmt.Sprintf("items[%d].%s", line, name), Problem: fmt.Sprintf(problem, args...)}
}

// PlacedView returns the order as it was placed, whatever its status is now, so that equal requests get equal answers.
func (o Order) PlacedView() Order {
	o.Status, o.Reason, o.UpdatedAt = Pending, "", o.CreatedAt
	return o
}

// WithStatus returns the order with a status that it has or had. An event that is published late, after a crash, has the status
// of that time.
func (o Order) WithStatus(s Status) Order {
	o.Status = s
	return o
}

// isFor reports whether the order has exactly these lines, in any order.
func (o Order) isFor(lines []Wanted) bool {
	for _, item := range o.Items {
		if !slices.ContainsFunc(lines, item.is) {
			return false
		}
	}
	return len(lines) == len(o.Items)
}

// is reports whether this is the line that was asked for.
func (l Line) is(wanted Wanted) bool {
	return l.ProductID == wanted.ProductID && l.Quantity == wanted.Quantity
}
