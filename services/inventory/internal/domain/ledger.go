package domain

import (
	"context"
	"crypto/rand"
	"slices"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/recent"
)

// Reservations stores a reservation for each order, in the store of the products.
type Reservations interface {
	// Find returns the reservation of an order, or an undecided one if none is stored.
	Find(ctx context.Context, orderID string) (Reservation, error)
	// FindWith reads the reservation of an order and products by id in one call. What it does not find may be stored all the
	// same, as some stores report a read that has failed.
	FindWith(ctx context.Context, orderID string, productIDs []string) (Reservation, map[string]Product, error)
	// FindMany reads reservations by order, in one call. What it does not find may be stored all the same.
	FindMany(ctx context.Context, orderIDs []string) (map[string]Reservation, error)
	// Decide stores the first reservation of an order, and returns the one that is stored: this one, or an earlier one.
	Decide(ctx context.Context, r Reservation) (Reservation, error)
	// Update changes a reservation that was read by a pure function, which may run several times, and returns the result. It
	// reads the reservation again only if another write came first.
	Update(ctx context.Context, seen Reservation, change func(*Reservation) error) (Reservation, error)
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
// A hold that counts is in effect since it began. So step 3 leaves it on the product, and the next write of the product removes
// it. To need no read for that, the ledger remembers which holds count, of those that it decided lately.
//
// A process may die after any step, and several runs for one order may overlap: a later run reads the outcome and
// continues with step 3. One case remains: another run decides and acknowledges the event, and a slow run begins
// movements and dies. No redelivery resolves those movements; a later hold on the product does.
type Ledger struct {
	products     Shelf
	reservations Reservations
	publisher    Publisher
	lowStock     func() int64
	now          func() time.Time
	// counting has the ids of holds that count, as far as this process has decided them and still remembers.
	counting *recent.Memory[string, struct{}]
}

// maxCounting is how many holds a ledger remembers at least; twice as many take 2 MB. One for each product would do.
const maxCounting = 10_000

// NewLedger returns the ledger. A product with lowStock() or fewer available pieces is low in stock.
func NewLedger(
	products Shelf, reservations Reservations, publisher Publisher, lowStock func() int64, now func() time.Time,
) *Ledger {
	return &Ledger{
		products: products, reservations: reservations, publisher: publisher, lowStock: lowStock, now: now,
		counting: recent.New[string, struct{}](maxCounting),
	}
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
	r, seen, err := l.reserve(ctx, orderID, placedAt, lines)
	if err != nil {
		return err
	}
	if !r.Grants(lines) {
		return l.publisher.Rejected(ctx, r, cause)
	}
	if err := l.publisher.Reserved(ctx, orderID, lines, cause); err != nil {
		return err
	}
	return l.publishLowStock(ctx, r, seen, cause)
}

// reserve returns the reservation of an order, and the products as they were seen last. It creates a missing reservation: one
// that was missed is found then, because only the first write decides.
func (l *Ledger) reserve(ctx context.Context, orderID string, placedAt time.Time, lines []Line) (Reservation, products, error) {
	r, found, err := l.reservations.FindWith(ctx, orderID, productIDs(lines))
	if err == nil && !r.Decided() && l.longAgo(placedAt) {
		if r, err = l.reservations.Find(ctx, orderID); err == nil && !r.Decided() {
			err = errs.InvalidField("createdAt", "is too long ago: whether the order has ended may be forgotten")
		}
	}
	if err != nil {
		return Reservation{}, nil, err
	}
	seen := products(found)
	if !r.Decided() {
		r, err = l.decide(ctx, orderID, lines, seen)
		return r, seen, err
	}
	// An earlier run may have died. A stored reservation may have other lines than these. Movements can be on the products of
	// both.
	return r, seen, l.resolve(ctx, r, productIDs(r.Lines, lines))
}

// publishLowStock publishes an event for each product that became low in stock by this reservation.
func (l *Ledger) publishLowStock(ctx context.Context, r Reservation, seen products, cause string) error {
	threshold := l.lowStock()
	for _, line := range r.Lines {
		if !line.CrossedDown(threshold) {
			continue
		}
		p, err := l.nameOf(ctx, seen, line.ProductID)
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

// nameOf returns a product of which only the name is needed. It fails with errs.NotFound if the product was removed.
func (l *Ledger) nameOf(ctx context.Context, seen products, id string) (Product, error) {
	p, known := seen[id]
	if !known {
		return l.products.Get(ctx, id)
	}
	if p.Removed {
		return p, NotFound()
	}
	return p, nil
}

// Release gives back the stock of an order that has ended. If nothing is reserved yet, it prevents a later reservation.
// It fails with errs.Conflict if the order was shipped. The lines are those of the order, if the event has them: their products
// are read together with the reservation.
func (l *Ledger) Release(ctx context.Context, orderID string, lines []Line) error {
	r, seen, err := l.reservations.FindWith(ctx, orderID, productIDs(lines))
	if err == nil && !r.Decided() {
		r, err = l.reservations.Decide(ctx, Reservation{OrderID: orderID, Status: Cancelled})
	}
	if err != nil {
		return err
	}
	if r, err = l.finish(ctx, r, seen, Release, Released); err == nil && r.Status == Committed {
		return errs.New(errs.Conflict, "the stock of the order %s was shipped and cannot be released", orderID)
	}
	return err
}

// Commit removes the pieces of a shipped order from the stock. It fails with errs.NotFound if there is no
// reservation, and with errs.Conflict if nothing is reserved. The lines are used as by Release.
func (l *Ledger) Commit(ctx context.Context, orderID string, lines []Line) error {
	r, seen, err := l.reservations.FindWith(ctx, orderID, productIDs(lines))
	if err == nil && !r.Decided() {
		r, err = l.reservations.Find(ctx, orderID)
	}
	if err != nil {
		return err
	}
	if !r.Decided() {
		return errs.New(errs.NotFound, "there is no reservation for the order %s", orderID)
	}
	if r, err = l.finish(ctx, r, seen, Commit, Committed); err == nil && r.Status != Committed {
		return errs.New(errs.Conflict, "the order %s was shipped, but its stock is %s", orderID, r.Status)
	}
	return err
}

// finish releases or commits the reserved stock, if there is any, and returns the reservation as it is afterwards.
func (l *Ledger) finish(ctx context.Context, r Reservation, seen products, kind Kind, to Status) (Reservation, error) {
	if r.Status == Reserved {
		ended, err := l.beginAll(ctx, r, seen, kind)
		if err != nil {
			return r, err
		}
		r, err = l.reservations.Update(ctx, r, func(r *Reservation) error {
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
func (l *Ledger) beginAll(ctx context.Context, r Reservation, seen products, kind Kind) ([]Line, error) {
	ended := slices.Clone(r.Lines)
	for i, line := range ended {
		m := l.movement(r.OrderID, kind, line.Quantity)
		_, err := l.products.UpdateFrom(ctx, seen.get(line.ProductID), func(p *Product) error {
			l.settle(p, nil)
			begun, _ := p.Begin(m)
			ended[i].Ended = begun.ID
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return ended, nil
}

// resolve resolves the movements of an order on these products, which it reads now: a product that was read before the
// reservation may lack a movement that the reservation decides. It skips products that never existed.
func (l *Ledger) resolve(ctx context.Context, r Reservation, productIDs []string) error {
	found, err := l.products.FindMany(ctx, productIDs)
	if err != nil {
		return err
	}
	for _, id := range productIDs {
		_, err := l.products.UpdateFrom(ctx, products(found).get(id), func(p *Product) error {
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
