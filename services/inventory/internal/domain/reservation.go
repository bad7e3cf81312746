package domain

import (
	"cmp"
	"fmt"
	"slices"

	"stoa/pkg/common/errs"
)

// Status is the outcome of a reservation.
type Status string

// The statuses; "" means that nothing is decided yet.
const (
	// Reserved: every line is set aside.
	Reserved Status = "reserved"
	// Rejected: at least one line lacks stock, so nothing is set aside.
	Rejected Status = "rejected"
	// Cancelled: the order ended before anything was set aside. Nothing will be.
	Cancelled Status = "cancelled"
	// Released: the stock was given back.
	Released Status = "released"
	// Committed: the stock was shipped.
	Committed Status = "committed"
)

// Reservation records the outcome for the stock of one order. The first write decides.
type Reservation struct {
	OrderID   string     `json:"orderId"`
	Status    Status     `json:"status"`
	Lines     []Line     `json:"lines,omitempty"`
	Shortages []Shortage `json:"shortages,omitempty"`
}

// Line is a quantity of one product, with the movements that count.
type Line struct {
	ProductID string `json:"productId"`
	Quantity  int64  `json:"quantity"`
	// Held is the id of the movement that set it aside.
	Held string `json:"held,omitempty"`
	// Left is how many pieces were available after that.
	Left int64 `json:"left,omitempty"`
	// Ended is the id of the movement that released or committed it.
	Ended string `json:"ended,omitempty"`
}

// CrossedDown reports whether this line took the available pieces from above the threshold to the threshold or below.
func (l Line) CrossedDown(threshold int64) bool {
	return l.Left <= threshold && l.Left+l.Quantity > threshold
}

// LowStock says that few pieces of a product are available.
type LowStock struct {
	ProductID string `json:"productId"`
	SKU       string `json:"sku"`
	Name      string `json:"name"`
	Available int64  `json:"available"`
	Threshold int64  `json:"threshold"`
}

// Shortage is a line that lacks stock.
type Shortage struct {
	ProductID string `json:"productId"`
	Requested int64  `json:"requested"`
	Available int64  `json:"available"`
}

// Decided reports whether anything was decided.
func (r Reservation) Decided() bool { return r.Status != "" }

// Decides reports whether the reservation says which movements of this kind count. Releases and commits count or not once
// the reservation has ended: with an older copy, leave them alone.
func (r Reservation) Decides(kind Kind) bool {
	if kind == Hold {
		return r.Decided()
	}
	return r.Status == Released || r.Status == Committed
}

// Counts reports whether the reservation names this movement on a product.
func (r Reservation) Counts(productID string, m Movement) bool {
	i := slices.IndexFunc(r.Lines, func(l Line) bool { return l.ProductID == productID })
	if i < 0 {
		return false
	}
	switch m.Kind {
	case Hold:
		return r.Lines[i].Held == m.ID
	case Release:
		return r.Status == Released && r.Lines[i].Ended == m.ID
	case Commit:
		return r.Status == Committed && r.Lines[i].Ended == m.ID
	}
	return false
}

// Grants reports whether these lines, no more and no less, are or were set aside.
func (r Reservation) Grants(lines []Line) bool {
	if r.Status != Reserved && r.Status != Committed {
		return false
	}
	same := func(a, b Line) bool { return a.ProductID == b.ProductID && a.Quantity == b.Quantity }
	return slices.EqualFunc(sorted(r.Lines), sorted(lines), same)
}

// Reason says in words why nothing is set aside.
func (r Reservation) Reason() string {
	switch r.Status {
	case Rejected:
		return "not enough in stock"
	case Cancelled:
		return "the order ended before its stock was reserved"
	case Released:
		return "the order has ended and its stock was given back"
	case Reserved, Committed:
		return "the stock of an order with this id and other items is reserved"
	}
	return "nothing is decided yet"
}

// finish records the end of a reservation, unless it has ended already.
func (r *Reservation) finish(to Status, movements map[string]string) {
	if r.Status != Reserved {
		return
	}
	r.Status = to
	for i, line := range r.Lines {
		r.Lines[i].Ended = movements[line.ProductID]
	}
}

// checkLines refuses lines that are not valid. It names the fields as they are named in an order.
func checkLines(lines []Line) error {
	if len(lines) == 0 {
		return errs.InvalidField("items", "must not be empty")
	}
	var wrong []errs.Field
	seen := map[string]bool{}
	for i, line := range lines {
		if line.ProductID == "" || seen[line.ProductID] {
			wrong = append(wrong, errs.Field{Name: fmt.Sprintf("items[%d].productId", i), Problem: "must be set and must not be repeated"})
		}
		if line.Quantity < 1 {
			wrong = append(wrong, errs.Field{Name: fmt.Sprintf("items[%d].quantity", i), Problem: "must be at least 1"})
		}
		seen[line.ProductID] = true
	}
	return errs.InvalidFields(wrong...)
}

// sorted returns the lines in the order in which all runs go through products.
func sorted(lines []Line) []Line {
	return slices.SortedFunc(slices.Values(lines), func(a, b Line) int { return cmp.Compare(a.ProductID, b.ProductID) })
}

// withoutMovements returns the lines of a rejected order, of which no movement counts.
func withoutMovements(lines []Line) []Line {
	plain := make([]Line, len(lines))
	for i, line := range lines {
		plain[i] = Line{ProductID: line.ProductID, Quantity: line.Quantity}
	}
	return plain
}

// products returns the ids of the products of these lines, each once.
func products(lists ...[]Line) []string {
	var ids []string
	for _, line := range slices.Concat(lists...) {
		ids = append(ids, line.ProductID)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
