package domain

import (
	"slices"
	"time"
)

// Kind is what a movement does to the totals of a product.
type Kind string

// The kinds of movements.
const (
	// Hold sets pieces aside for an order.
	Hold Kind = "hold"
	// Release gives them back.
	Release Kind = "release"
	// Commit takes shipped pieces out of the stock.
	Commit Kind = "commit"
)

// abandonedAfter is longer than any handler runs: a movement that is older was begun by a run that has died.
const abandonedAfter = time.Minute

// Movement is a pending change of one product for one order. It is noted on the product before the order's reservation
// says whether it counts. A hold takes effect at once and is undone if it does not count; a release or a commit takes
// effect once it counts. So no piece is promised twice, however often a step is begun.
type Movement struct {
	// ID is random: of several runs for one order, the reservation names the movements of one.
	ID       string    `json:"id"`
	Order    string    `json:"order"`
	Kind     Kind      `json:"kind"`
	Quantity int64     `json:"quantity"`
	At       time.Time `json:"at"`
	// Left is how many pieces were available after a hold.
	Left int64 `json:"left,omitempty"`
}

// Begin notes a movement and returns it, or the same movement of another run for this order. A hold fails, with ok
// false, if fewer pieces are available.
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

// Resolve drops the movements of an order that its reservation has decided about: it applies those that count, and undoes
// the others. To resolve again, or by an older copy of the reservation, does no harm.
func (p *Product) Resolve(r Reservation, now time.Time) {
	p.Movements = slices.DeleteFunc(p.Movements, func(m Movement) bool {
		if m.Order != r.OrderID || !r.Decides(m.Kind) {
			return false
		}
		p.apply(m, r.Counts(p.ID, m))
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

// Abandoned returns the movements of runs that have died.
func (p *Product) Abandoned(now time.Time) []Movement {
	var left []Movement
	for _, m := range p.Movements {
		if now.Sub(m.At) > abandonedAfter {
			left = append(left, m)
		}
	}
	return left
}
