package domain

import (
	"slices"
	"time"
)

// Kind is what a movement does to the totals of a product.
type Kind string

// The kinds of movements.
const (
	// Hold reserves pieces for an order.
	Hold Kind = "hold"
	// Release makes reserved pieces available again.
	Release Kind = "release"
	// Commit removes shipped pieces from the stock.
	Commit Kind = "commit"
)

// oldAfter is longer than any handler runs, so an older movement is decided, or belongs to a run that has died.
const oldAfter = time.Minute

// Movement is a pending change of one product for one order. It is stored on the product before the order's reservation
// says whether it counts. A hold takes effect at once, and is undone if it does not count; if it counts, it stays until the next
// write of the product. A release or a commit takes effect only when it is known to count. So no piece is promised twice, even
// if a step runs twice.
type Movement struct {
	// ID is random. Several runs for one order may begin movements; the reservation names those that count.
	ID       string    `json:"id"`
	Order    string    `json:"order"`
	Kind     Kind      `json:"kind"`
	Quantity int64     `json:"quantity"`
	At       time.Time `json:"at"`
	// Left is how many pieces were available after a hold.
	Left int64 `json:"left,omitempty"`
}

// Begin adds a movement and returns it. If another run for this order has added the same movement, it returns that one. ok
// is false for a hold of more pieces than are available.
func (p *Product) Begin(m Movement) (begun Movement, ok bool) {
	known := slices.IndexFunc(p.Movements, func(other Movement) bool {
		return other.Order == m.Order && other.Kind == m.Kind && other.Quantity == m.Quantity
	})
	if known >= 0 {
		return p.Movements[known], true
	}
	if m.Kind == Hold {
		if p.Available() < m.Quantity {
			return Movement{}, false
		}
		p.Reserved += m.Quantity
		p.UpdatedAt = m.At
		m.Left = p.Available()
	}
	p.Movements = append(p.Movements, m)
	return m, true
}

// Resolve removes the movements that the order's reservation has decided: it applies those that count, and undoes the
// others. It may run again, and with an older copy of the reservation.
func (p *Product) Resolve(r Reservation, now time.Time) {
	p.Movements = slices.DeleteFunc(slices.Clone(p.Movements), func(m Movement) bool {
		if m.Order != r.OrderID || !r.Decides(m.Kind) {
			return false
		}
		p.apply(m, r.Counts(m))
		p.UpdatedAt = now
		return true
	})
}

func (p *Product) apply(m Movement, counts bool) {
	switch {
	case m.Kind == Hold && !counts, m.Kind == Release && counts:
		p.Reserved -= m.Quantity
	case m.Kind == Commit && counts:
		p.Reserved -= m.Quantity
		p.Stock -= m.Quantity
		p.Sold += m.Quantity
	}
}

// Old reports whether the run that began the movement has ended.
func (m Movement) Old(now time.Time) bool { return now.Sub(m.At) > oldAfter }
