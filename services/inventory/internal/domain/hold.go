package domain

import (
	"context"
	"slices"

	"stoa/pkg/common/errs"
)

// maxUnsettled is how many movements of other processes a product may have before a hold settles them, whatever their age.
const maxUnsettled = 20

// decide holds every line and writes the outcome, unless another run has written one. It returns the stored outcome. It
// begins with the products as they were seen, and leaves in seen how it saw them last.
func (l *Ledger) decide(ctx context.Context, orderID string, lines []Line, seen products) (Reservation, error) {
	var holds []Line
	var shortages []Shortage
	for _, line := range sorted(lines) {
		held, p, err := l.hold(ctx, orderID, line, seen.get(line.ProductID))
		if err != nil {
			return Reservation{}, err
		}
		if held.ID == "" {
			shortages = append(shortages, Shortage{line.ProductID, line.Quantity, p.Available()})
		}
		line.Held, line.Left = held.ID, held.Left
		holds, seen[line.ProductID] = append(holds, line), p
	}
	outcome := Reservation{OrderID: orderID, Status: Reserved, Lines: holds}
	if len(shortages) > 0 {
		outcome = Reservation{OrderID: orderID, Status: Rejected, Lines: lines, Shortages: shortages}
	}
	r, err := l.reservations.Decide(ctx, outcome)
	if err != nil {
		return r, err
	}
	if r.Status == Reserved && r.names(holds) {
		for _, line := range holds {
			l.counting.Put(line.Held, struct{}{})
		}
		return r, nil // every hold counts, so all that is to be done can wait
	}
	return r, l.resolve(ctx, r, productIDs(r.Lines, lines))
}

// hold begins the movement that reserves one line, on the product as it was seen. If the stock is too small, it returns a zero
// movement. Pieces may be held for orders that do not get them, so it first settles all movements that it can. It returns the
// product as it was then, or a removed one if it never existed.
func (l *Ledger) hold(ctx context.Context, orderID string, line Line, seen Product) (held Movement, p Product, err error) {
	m, known := l.movement(orderID, Hold, line.Quantity), map[string]Reservation{}
	_, err = l.lookUp(ctx, l.due(seen), known)
	for more := true; more && err == nil; {
		p, err = l.products.UpdateFrom(ctx, seen, func(p *Product) error {
			l.settle(p, known)
			held, _ = p.Begin(m)
			return nil
		})
		if errs.Is(err, errs.NotFound) {
			return Movement{}, Product{ID: line.ProductID, Removed: true}, nil
		}
		if held.ID != "" || err != nil {
			return held, p, err
		}
		seen = p
		more, err = l.lookUp(ctx, p.Movements, known)
	}
	return Movement{}, p, err
}

// settle removes the movements that need no reading: holds that this process knows to count, and what these reservations
// decide. What it remembers is never outdated: a reservation names the same holds for ever.
func (l *Ledger) settle(p *Product, known map[string]Reservation) {
	p.Movements = slices.DeleteFunc(slices.Clone(p.Movements), l.counts)
	for _, r := range known {
		p.Resolve(r, l.now())
	}
}

// counts reports whether this process knows that a movement is a hold that counts.
func (l *Ledger) counts(m Movement) bool {
	_, known := l.counting.Get(m.ID)
	return known
}

// due returns the movements whose reservations a hold reads before it writes: old ones, or all if they are many.
func (l *Ledger) due(p Product) []Movement {
	unknown := slices.DeleteFunc(slices.Clone(p.Movements), l.counts)
	if len(unknown) > maxUnsettled {
		return unknown
	}
	return slices.DeleteFunc(unknown, func(m Movement) bool { return !m.Old(l.now()) })
}

// lookUp adds the reservations of these movements to known, if it needs any, and reports whether it has read some. It reads
// them in one call. An undecided one decides nothing: the event that began the movement will be delivered again.
func (l *Ledger) lookUp(ctx context.Context, movements []Movement, known map[string]Reservation) (more bool, err error) {
	unknown := slices.DeleteFunc(slices.Clone(movements), func(m Movement) bool {
		_, is := known[m.Order]
		return is || l.counts(m)
	})
	if len(unknown) == 0 {
		return false, nil
	}
	orders := make([]string, len(unknown))
	for i, m := range unknown {
		orders[i] = m.Order
	}
	found, err := l.reservations.FindMany(ctx, orders)
	if err != nil {
		return false, err
	}
	for _, m := range unknown {
		r := found[m.Order]
		if !r.Decided() && l.longAgo(m.At) {
			if r, err = l.forgotten(ctx, m.Order); err != nil {
				return false, err
			}
		}
		known[m.Order] = r
	}
	return true, nil
}

// forgotten returns the reservation of an order of long ago. If there is none, whatever was decided, no event about it comes
// any more: none of its movements counts.
func (l *Ledger) forgotten(ctx context.Context, orderID string) (Reservation, error) {
	r, err := l.reservations.Find(ctx, orderID)
	if err == nil && !r.Decided() {
		r = Reservation{OrderID: orderID, Status: Released}
	}
	return r, err
}
