package domain

import (
	"context"
	"crypto/rand"
	"slices"
	"time"

	"stoa/pkg/common/errs"
)

// Reservations stores a reservation for each order.
type Reservations interface {
	// Find returns the reservation of an order, or an undecided one if none is stored.
	Find(ctx context.Context, orderID string) (Reservation, error)
	// Decide stores the first reservation of an order, and returns the one that is stored: this one, or an earlier one.
	Decide(ctx context.Context, r Reservation) (Reservation, error)
	// Update changes a reservation by a pure function, which may run several times, and returns the result.
	Update(ctx context.Context, orderID string, change func(*Reservation) error) (Reservation, error)
}

// Publisher publishes what happens to the stock. It derives the id of each event from cause, the id of the event that is
// being handled, so a second run publishes the same events.
type Publisher interface {
	Reserved(ctx context.Context, orderID string, lines []Line, cause string) error
	Rejected(ctx context.Context, r Reservation, cause string) error
	LowStock(ctx context.Context, low LowStock, cause string) error
}

// Ledger is the stock ledger. It reserves all lines of an order or none, and releases or commits them later, with one
// compare-and-swap at a time and no transaction over several documents:
//
//  1. Begin: add a movement with a random id to each product, or use the movement that an earlier run has added.
//  2. Decide: write the outcome, and the ids of the movements that count, into the order's reservation. The first write
//     wins.
//  3. Resolve: on each product, apply the movements that count, undo the others, and remove them all.
//
// A process may die after any step, and several runs for one order may overlap: a later run reads the outcome and
// continues with step 3. One case remains: another run decides and acknowledges the event, then a slow run begins
// movements and dies. No redelivery resolves those movements; the next hold on the product does.
type Ledger struct {
	products     Products
	reservations Reservations
	publisher    Publisher
	lowStock     func() int64
	now          func() time.Time
}

// NewLedger returns the ledger. A product with lowStock() or fewer available pieces is low in stock.
func NewLedger(
	products Products, reservations Reservations, publisher Publisher, lowStock func() int64, now func() time.Time,
) *Ledger {
	return &Ledger{products: products, reservations: reservations, publisher: publisher, lowStock: lowStock, now: now}
}

// EndedTTL is how long the reservation of an ended order is stored, to recognize late copies of its events. Brokers keep events
// for half that time.
const EndedTTL = 60 * 24 * time.Hour

// Reserve reserves all lines of an order or none, and publishes the outcome. A second run only publishes the same outcome
// again. It fails with errs.Invalid for lines that are not valid, and for an order without a reservation that was placed so long
// ago that it may have had one.
func (l *Ledger) Reserve(ctx context.Context, orderID string, placedAt time.Time, lines []Line, cause string) error {
	if err := checkLines(lines); err != nil {
		return err
	}
	r, err := l.reserve(ctx, orderID, placedAt, lines)
	if err != nil {
		return err
	}
	if !r.Grants(lines) {
		return l.publisher.Rejected(ctx, r, cause)
	}
	if err := l.publisher.Reserved(ctx, orderID, lines, cause); err != nil {
		return err
	}
	return l.publishLowStock(ctx, r, cause)
}

// reserve returns the reservation of an order. It creates a missing one.
func (l *Ledger) reserve(ctx context.Context, orderID string, placedAt time.Time, lines []Line) (Reservation, error) {
	r, err := l.reservations.Find(ctx, orderID)
	if err == nil && !r.Decided() {
		if l.longAgo(placedAt) {
			return r, errs.InvalidField("createdAt", "is too long ago: whether the order has ended may be forgotten")
		}
		r, err = l.decide(ctx, orderID, lines)
	}
	if err != nil {
		return Reservation{}, err
	}
	// A stored reservation may have other lines than these. Movements can be on the products of both.
	return r, l.resolve(ctx, r, productIDs(r.Lines, lines))
}

// publishLowStock publishes an event for each product that became low in stock by this reservation.
func (l *Ledger) publishLowStock(ctx context.Context, r Reservation, cause string) error {
	threshold := l.lowStock()
	for _, line := range r.Lines {
		if !line.CrossedDown(threshold) {
			continue
		}
		p, err := l.products.Get(ctx, line.ProductID)
		if errs.Is(err, errs.NotFound) {
			continue // a removed product needs no new stock
		}
		if err != nil {
			return err
		}
		low := LowStock{ProductID: p.ID, SKU: p.SKU, Name: p.Name, Available: line.Left, Threshold: threshold}
		if err := l.publisher.LowStock(ctx, low, cause); err != nil {
			return err
		}
	}
	return nil
}

// Release gives back the stock of an order that has ended. If nothing is reserved yet, it prevents a later reservation.
// It fails with errs.Conflict if the order was shipped.
func (l *Ledger) Release(ctx context.Context, orderID string) error {
	r, err := l.reservations.Find(ctx, orderID)
	if err == nil && !r.Decided() {
		r, err = l.reservations.Decide(ctx, Reservation{OrderID: orderID, Status: Cancelled})
	}
	if err != nil {
		return err
	}
	if r, err = l.finish(ctx, r, Release, Released); err == nil && r.Status == Committed {
		return errs.New(errs.Conflict, "the stock of the order %s was shipped and cannot be released", orderID)
	}
	return err
}

// Commit removes the pieces of a shipped order from the stock. It fails with errs.NotFound if there is no
// reservation, and with errs.Conflict if nothing is reserved.
func (l *Ledger) Commit(ctx context.Context, orderID string) error {
	r, err := l.reservations.Find(ctx, orderID)
	if err != nil {
		return err
	}
	if !r.Decided() {
		return errs.New(errs.NotFound, "there is no reservation for the order %s", orderID)
	}
	if r, err = l.finish(ctx, r, Commit, Committed); err == nil && r.Status != Committed {
		return errs.New(errs.Conflict, "the order %s was shipped, but its stock is %s", orderID, r.Status)
	}
	return err
}

// decide holds every line and writes the outcome, unless another run has written one. It returns the stored outcome.
func (l *Ledger) decide(ctx context.Context, orderID string, lines []Line) (Reservation, error) {
	var holds []Line
	var shortages []Shortage
	for _, line := range sorted(lines) {
		held, available, err := l.hold(ctx, orderID, line)
		if err != nil {
			return Reservation{}, err
		}
		if held.ID == "" {
			shortages = append(shortages, Shortage{line.ProductID, line.Quantity, available})
		}
		line.Held, line.Left = held.ID, held.Left
		holds = append(holds, line)
	}
	if len(shortages) > 0 {
		return l.reservations.Decide(ctx, Reservation{orderID, Rejected, lines, shortages})
	}
	return l.reservations.Decide(ctx, Reservation{orderID, Reserved, holds, nil})
}

// hold begins the movement that reserves one line. If the stock is too small, it returns a zero movement and how many
// pieces are available. Abandoned movements may occupy stock, so it resolves them and tries again.
func (l *Ledger) hold(ctx context.Context, orderID string, line Line) (held Movement, available int64, err error) {
	for {
		var ok bool
		m := l.movement(orderID, Hold, line.Quantity)
		p, err := l.products.Update(ctx, line.ProductID, func(p *Product) error {
			held, ok = p.Begin(m)
			return nil
		})
		if errs.Is(err, errs.NotFound) {
			return Movement{}, 0, nil
		}
		if err != nil {
			return Movement{}, 0, err
		}
		resolved, err := l.resolveAbandoned(ctx, p)
		if ok || !resolved || err != nil {
			return held, p.Available(), err
		}
	}
}

// resolveAbandoned resolves abandoned movements on a product, and reports whether it resolved any. It skips a movement that
// the order's reservation has not decided: the event that began it will be delivered again.
func (l *Ledger) resolveAbandoned(ctx context.Context, p Product) (resolved bool, err error) {
	for _, m := range p.Abandoned(l.now()) {
		r, err := l.reservations.Find(ctx, m.Order)
		if err != nil {
			return resolved, err
		}
		if !r.Decided() && l.longAgo(m.At) {
			r = Reservation{OrderID: m.Order, Status: Released} // whatever was decided, no event about it comes any more
		}
		if !r.Decides(m.Kind) {
			continue
		}
		if err := l.resolve(ctx, r, []string{p.ID}); err != nil {
			return resolved, err
		}
		resolved = true
	}
	return resolved, nil
}

// finish releases or commits the reserved stock, if there is any, and returns the reservation as it is afterwards.
func (l *Ledger) finish(ctx context.Context, r Reservation, kind Kind, to Status) (Reservation, error) {
	if r.Status == Reserved {
		ended, err := l.beginAll(ctx, r, kind)
		if err != nil {
			return r, err
		}
		r, err = l.reservations.Update(ctx, r.OrderID, func(r *Reservation) error {
			if r.Status == Reserved {
				r.Status, r.Lines = to, ended
			}
			return nil
		})
		if err != nil {
			return r, err
		}
	}
	return r, l.resolve(ctx, r, productIDs(r.Lines))
}

// beginAll begins a movement for every line, and returns the lines with the movements that end them.
func (l *Ledger) beginAll(ctx context.Context, r Reservation, kind Kind) ([]Line, error) {
	ended := slices.Clone(r.Lines)
	for i, line := range ended {
		m := l.movement(r.OrderID, kind, line.Quantity)
		_, err := l.products.Update(ctx, line.ProductID, func(p *Product) error {
			noted, _ := p.Begin(m)
			ended[i].Ended = noted.ID
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return ended, nil
}

// resolve resolves the movements of an order on these products. It skips products that never existed.
func (l *Ledger) resolve(ctx context.Context, r Reservation, productIDs []string) error {
	for _, id := range productIDs {
		_, err := l.products.Update(ctx, id, func(p *Product) error {
			p.Resolve(r, l.now())
			return nil
		})
		if err != nil && !errs.Is(err, errs.NotFound) {
			return err
		}
	}
	return nil
}

// longAgo reports whether the reservation of an order of that time may be forgotten.
func (l *Ledger) longAgo(t time.Time) bool { return l.now().Sub(t) > EndedTTL }

func (l *Ledger) movement(orderID string, kind Kind, quantity int64) Movement {
	return Movement{ID: rand.Text(), Order: orderID, Kind: kind, Quantity: quantity, At: l.now()}
}
