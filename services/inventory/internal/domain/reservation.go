package domain

import (
	"cmp"
	"fmt"
	"slices"

	"stoa/pkg/common/errs"
)

// Status says what was decided about the stock of an order.
type Status string

// The statuses. "" means that nothing is decided yet.
const (
	// Reserved: every line is reserved.
	Reserved Status = "reserved"
	// Rejected: the stock was too small for at least one line, so nothing is reserved.
	Rejected Status = "rejected"
	// Cancelled: the order ended before its stock was reserved, so nothing will be reserved.
	Cancelled Status = "cancelled"
	// Released: the stock was given back.
	Released Status = "released"
	// Committed: the stock was shipped and is gone.
	Committed Status = "committed"
)

// Reservation says what was decided about the stock of one order. The first write decides; a later one can only end it.
type Reservation struct {
	OrderID   string     `json:"orderId"`
	Status    Status     `json:"status"`
	Lines     []Line     `json:"lines,omitempty"`
	Shortages []Shortage `json:"shortages,omitempty"`
	// Version is that of the document it was read from, "" for one that has changed since.
	Version string `json:"-"`
}

// Line is a quantity of one product, with the movements that count.
type Line struct {
	ProductID string `json:"productId"`
	Quantity  int64  `json:"quantity"`
	// Held is the id of the hold that counts.
	Held string `json:"held,omitempty"`
	// Left is how many pieces were available after that hold.
	Left int64 `json:"left,omitempty"`
	// Ended is the id of the release or commit that counts.
	Ended string `json:"ended,omitempty"`
}

// CrossedDown reports whether more pieces than threshold were available before this line was reserved, but not after.
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

// Shortage is a line for which the stock is too small.
type Shortage struct {
	ProductID string `json:"productId"`
	Requested int64  `json:"requested"`
	Available int64  `json:"available"`
}

// Decided reports whether the reservation has a status.
func (r Reservation) Decided() bool { return r.Status != "" }

// Decides reports whether the reservation already says which movements of this kind count. It says so about releases and
// commits only when it is released or committed.
func (r Reservation) Decides(kind Kind) bool {
	return r.Status == Released || r.Status == Committed || kind == Hold && r.Decided()
}

// Counts reports whether the reservation names this movement. The ids of movements are random, so no other one has this id.
func (r Reservation) Counts(m Movement) bool {
	return slices.ContainsFunc(r.Lines, func(l Line) bool { return m.ID == l.Held || m.ID == l.Ended })
}

// names reports whether all of these holds count.
func (r Reservation) names(holds []Line) bool {
	return !slices.ContainsFunc(holds, func(l Line) bool { return l.Held == "" || !r.Counts(Movement{ID: l.Held}) })
}

// Grants reports whether exactly these lines are reserved or were shipped.
func (r Reservation) Grants(lines []Line) bool {
	if r.Status != Reserved && r.Status != Committed {
		return false
	}
	same := func(a, b Line) bool { return a.ProductID == b.ProductID && a.Quantity == b.Quantity }
	return slices.EqualFunc(sorted(r.Lines), sorted(lines), same)
}

const otherItems = "the stock of an order with this id and other items is reserved"

// reasons say why an order gets no stock, by the status of its reservation.
var reasons = map[Status]string{
	Rejected:  "not enough in stock",
	Cancelled: "the order ended before its stock was reserved",
	Released:  "the order has ended and its stock was given back",
	Reserved:  otherItems,
	Committed: otherItems,
}

// Reason says in words why the lines of an order are not reserved.
func (r Reservation) Reason() string { return reasons[r.Status] }

// checkLines fails with errs.Invalid for lines that are not valid. It says `items`, as an order calls its lines.
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

// sorted returns the lines by product. All runs hold products in this order.
func sorted(lines []Line) []Line {
	return slices.SortedFunc(slices.Values(lines), func(a, b Line) int { return cmp.Compare(a.ProductID, b.ProductID) })
}

// productIDs returns the ids of the products of these lines, each once.
func productIDs(lists ...[]Line) []string {
	var ids []string
	for _, line := range slices.Concat(lists...) {
		ids = append(ids, line.ProductID)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
