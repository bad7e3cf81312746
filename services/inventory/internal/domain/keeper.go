package domain

import (
	"context"
	"crypto/rand"
	"time"

	"stoa/pkg/common/errs"
)

// Products are the products' documents.
type Products interface {
	// Update changes a product by a pure function, which may run several times, and returns it as it then is.
	// errs.NotFound if it never existed.
	Update(ctx context.Context, id string, change func(*Product) error) (Product, error)
}

// Reservations are the documents of what was decided, one for each order.
type Reservations interface {
	// Find returns the reservation of an order, or one about which nothing is decided.
	Find(ctx context.Context, orderID string) (Reservation, error)
	// Update changes it by a pure function, which may run several times, and returns it as it then is.
	Update(ctx context.Context, orderID string, change func(*Reservation) error) (Reservation, error)
}

// Keeper keeps the stock. It reserves all lines of an order or none, and gives them back or lets them go, with one
// compare-and-swap at a time and no transaction over several documents:
//
//  1. Begin: note a movement with a random id on each product. A movement that an earlier run left there is adopted.
//  2. Decide: write the outcome and the ids of the movements that count into the order's reservation. The first write wins.
//  3. Settle: on each product, let the movements that count take effect, undo the others, and drop them.
//
// Any step may be the last of a process, and several runs for one order may be under way at once: whoever comes later
// finds what was decided and settles by it. A run that overslept the outcome, began once more, and died, leaves a
// movement that no redelivery clears away, because the event was acknowledged by the run that decided. Whoever next
// holds pieces of that product settles it.
type Keeper struct {
	products     Products
	reservations Reservations
	now          func() time.Time
}

// NewKeeper returns the keeper of these products.
func NewKeeper(products Products, reservations Reservations, now func() time.Time) *Keeper {
	return &Keeper{products: products, reservations: reservations, now: now}
}

// Reserve sets the lines of an order aside, unless it was decided about before, and returns what was decided. It fails
// with errs.Invalid for lines that no order consists of.
func (k *Keeper) Reserve(ctx context.Context, orderID string, lines []Line) (Reservation, error) {
	if err := checkLines(lines); err != nil {
		return Reservation{}, err
	}
	r, err := k.reservations.Find(ctx, orderID)
	if err == nil && !r.Decided() {
		r, err = k.decide(ctx, orderID, lines)
	}
	if err != nil {
		return Reservation{}, err
	}
	// What was decided may be about other lines than these, on which this or an earlier run has begun something.
	return r, k.settle(ctx, r, products(r.Lines, lines))
}

// Release gives back what is set aside for an order that has ended, or sees to it that nothing will be. It fails with
// errs.Conflict when the pieces have left the house.
func (k *Keeper) Release(ctx context.Context, orderID string) error {
	r, err := k.reservations.Update(ctx, orderID, func(r *Reservation) error {
		if !r.Decided() {
			*r = Reservation{OrderID: orderID, Status: Cancelled}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if r, err = k.finish(ctx, r, Release, Released); err == nil && r.Status == Committed {
		return errs.New(errs.Conflict, "the stock of the order %s has left the house and cannot be released", orderID)
	}
	return err
}

// Commit lets go what is set aside for an order that was shipped. It fails with errs.NotFound or errs.Conflict when
// nothing is.
func (k *Keeper) Commit(ctx context.Context, orderID string) error {
	r, err := k.reservations.Find(ctx, orderID)
	if err != nil {
		return err
	}
	if !r.Decided() {
		return errs.New(errs.NotFound, "there is no reservation for the order %s", orderID)
	}
	if r, err = k.finish(ctx, r, Commit, Committed); err == nil && r.Status != Committed {
		return errs.New(errs.Conflict, "the order %s was shipped, but its stock is %s", orderID, r.Status)
	}
	return err
}

// decide holds every line and writes the outcome, unless somebody else was first.
func (k *Keeper) decide(ctx context.Context, orderID string, lines []Line) (Reservation, error) {
	mine := Reservation{OrderID: orderID, Status: Reserved}
	for _, line := range sorted(lines) {
		held, available, err := k.hold(ctx, orderID, line)
		if err != nil {
			return Reservation{}, err
		}
		if held.ID == "" {
			mine.Status = Rejected
			mine.Shortages = append(mine.Shortages, Shortage{line.ProductID, line.Quantity, available})
		}
		mine.Lines = append(mine.Lines, Line{
			ProductID: line.ProductID, Quantity: line.Quantity, Held: held.ID, Left: held.Left,
		})
	}
	if mine.Status == Rejected {
		mine.Lines = unheld(mine.Lines)
	}
	return k.reservations.Update(ctx, orderID, func(r *Reservation) error {
		if !r.Decided() {
			*r = mine
		}
		return nil
	})
}

// unheld returns the lines without their movements: of an order that is rejected, none counts.
func unheld(lines []Line) []Line {
	plain := make([]Line, len(lines))
	for i, line := range lines {
		plain[i] = Line{ProductID: line.ProductID, Quantity: line.Quantity}
	}
	return plain
}

// hold begins to set one line aside. Without enough stock it returns no movement, but how many pieces are available.
// The product may be short only because of movements that somebody left behind, so it looks again without those.
func (k *Keeper) hold(ctx context.Context, orderID string, line Line) (held Movement, available int64, err error) {
	for {
		var ok bool
		m := k.movement(orderID, Hold, line.Quantity)
		p, err := k.products.Update(ctx, line.ProductID, func(p *Product) error {
			held, ok = p.Begin(m)
			return nil
		})
		if errs.Is(err, errs.NotFound) {
			return Movement{}, 0, nil
		}
		if err != nil {
			return Movement{}, 0, err
		}
		cleared, err := k.clear(ctx, p)
		if ok || !cleared || err != nil {
			return held, p.Available(), err
		}
	}
}

// clear settles what others left behind on a product, and reports whether there was anything. A movement whose order is
// not decided about is none of that: its event will be delivered again.
func (k *Keeper) clear(ctx context.Context, p Product) (cleared bool, err error) {
	for _, m := range p.Overdue(k.now()) {
		r, err := k.reservations.Find(ctx, m.Order)
		if err != nil {
			return cleared, err
		}
		if !r.Decides(m.Kind) {
			continue
		}
		if err := k.settle(ctx, r, []string{p.ID}); err != nil {
			return cleared, err
		}
		cleared = true
	}
	return cleared, nil
}

// finish takes a reservation to its end, unless it is there or never began, and returns how it ended.
func (k *Keeper) finish(ctx context.Context, r Reservation, kind Kind, to Status) (Reservation, error) {
	if r.Status == Reserved {
		movements, err := k.beginAll(ctx, r, kind)
		if err != nil {
			return r, err
		}
		r, err = k.reservations.Update(ctx, r.OrderID, func(r *Reservation) error {
			r.finish(to, movements)
			return nil
		})
		if err != nil {
			return r, err
		}
	}
	return r, k.settle(ctx, r, products(r.Lines))
}

// beginAll notes a movement for every line and returns their ids by product.
func (k *Keeper) beginAll(ctx context.Context, r Reservation, kind Kind) (map[string]string, error) {
	begun := make(map[string]string, len(r.Lines))
	for _, line := range r.Lines {
		m := k.movement(r.OrderID, kind, line.Quantity)
		_, err := k.products.Update(ctx, line.ProductID, func(p *Product) error {
			noted, _ := p.Begin(m)
			begun[line.ProductID] = noted.ID
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return begun, nil
}

// settle ends the movements of an order on these products. On one that never existed nothing was begun.
func (k *Keeper) settle(ctx context.Context, r Reservation, productIDs []string) error {
	for _, id := range productIDs {
		_, err := k.products.Update(ctx, id, func(p *Product) error {
			p.Settle(r, k.now())
			return nil
		})
		if err != nil && !errs.Is(err, errs.NotFound) {
			return err
		}
	}
	return nil
}

func (k *Keeper) movement(orderID string, kind Kind, quantity int64) Movement {
	return Movement{ID: rand.Text(), Order: orderID, Kind: kind, Quantity: quantity, At: k.now()}
}
