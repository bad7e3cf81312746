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
	// Commit takes them out of the house.
	Commit Kind = "commit"
)

// overdueAfter is when a movement has been under way for longer than any handler runs: whoever began it is gone.
const overdueAfter = time.Minute

// Movement is one step of an order on one product that is under way: noted on the product before the order's reservation
// says whether it counts. Only what makes fewer pieces available takes effect at once, and is undone if it turns out not
// to count; what makes more available waits. So nothing is promised twice, however often a step is begun.
type Movement struct {
	// ID is random: of several runs for one order, the reservation names the movements of the one that counts.
	ID       string    `json:"id"`
	Order    string    `json:"order"`
	Kind     Kind      `json:"kind"`
	Quantity int64     `json:"quantity"`
	At       time.Time `json:"at"`
	// Left is how many pieces were available after a hold.
	Left int64 `json:"left,omitempty"`
}

// Begin notes a movement and returns it, or the same step of another run for this order that it finds. A hold needs as
// many pieces as are available: ok is false if there are fewer.
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

// Settle ends the movements of an order about which its reservation has decided: those that it names take effect, of the
// others nothing remains. Settling again, or by an older state of the reservation, does no harm.
func (p *Product) Settle(r Reservation, now time.Time) {
	p.Movements = slices.DeleteFunc(p.Movements, func(m Movement) bool {
		if m.Order != r.OrderID || !r.Decides(m.Kind) {
			return false
		}
		p.end(m, r.Counts(p.ID, m))
		p.UpdatedAt = now
		return true
	})
}

func (p *Product) end(m Movement, counts bool) {
	switch {
	case m.Kind == Hold && !counts, m.Kind == Release && counts:
		p.Reserved -= m.Quantity
	case m.Kind == Commit && counts:
		p.Reserved -= m.Quantity
		p.Stock -= m.Quantity
		p.Sold += m.Quantity
	}
}

// Overdue returns the movements that somebody left behind.
func (p *Product) Overdue(now time.Time) []Movement {
	var left []Movement
	for _, m := range p.Movements {
		if now.Sub(m.At) > overdueAfter {
			left = append(left, m)
		}
	}
	return left
}
