package domain

import (
	"context"
	"time"

	"stoa/pkg/common/errs"
)

// Repository stores orders, and a list of orders for each customer.
type Repository interface {
	// Update changes an order by a function, which may run again. It fails with errs.NotFound if there is no such order, and
	// with the error of change.
	Update(ctx context.Context, id string, change func(*Record) error) (Record, error)
	// AddToList puts an order on its customer's list. In the same write, note changes what is noted there; it may run again.
	AddToList(ctx context.Context, order Order, note func(*OpenOrders) error) error
	// Expire closes an id. It fails with errs.Conflict if there is an order under it.
	Expire(ctx context.Context, id string) error
}

// Progress moves placed orders forward. Each method decides, saves, and publishes what follows. A second run finds the
// decision made and publishes the same event again, so a run may end anywhere.
type Progress struct {
	orders    Repository
	allowance *Allowance
	publisher Publisher
}

// NewProgress returns a Progress.
func NewProgress(orders Repository, allowance *Allowance, publisher Publisher) *Progress {
	return &Progress{orders: orders, allowance: allowance, publisher: publisher}
}

// Reserve decides an order for which stock is reserved.
func (p *Progress) Reserve(ctx context.Context, id string, lines []Wanted) error {
	record, err := p.orders.Update(ctx, id, func(r *Record) error { return p.decide(ctx, r, lines) })
	if errs.Is(err, errs.NotFound) {
		// The id is closed before the stock is given back, so that no order can be placed under it afterwards.
		record = Record{Order: Order{ID: id, Status: Expired}}
		err = p.orders.Expire(ctx, id)
	}
	if err != nil {
		return err
	}
	switch record.Status {
	case Expired:
		return p.releaseStock(ctx, id)
	case Rejected:
		if err := p.releaseStock(ctx, id); err != nil {
			return err
		}
		return p.publisher.Changed(ctx, record.Order)
	case Cancelled:
		return nil // order.cancelled tells inventory to give the stock back
	default:
		return p.publisher.Changed(ctx, record.WithStatus(Confirmed))
	}
}

// gone is the reason of an order whose customer has deleted their account.
const gone = "the account of the customer was deleted"

// decide confirms a pending order for which stock is reserved, or rejects it if its customer has left, or has too many pieces in
// open orders. If another write came first, it decides again: an order that is noted already counts once.
func (p *Progress) decide(ctx context.Context, r *Record, lines []Wanted) error {
	if r.Status != Pending {
		return nil
	}
	var refusal string
	left := false
	err := p.orders.AddToList(ctx, r.Order, func(noted *OpenOrders) (err error) {
		if left = noted.left(); !left {
			refusal, err = p.allowance.take(ctx, noted, r.Order)
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case left:
		r.Customer = r.Customer.anonymous()
		r.Reject(gone, time.Now())
	case refusal != "":
		r.Reject(refusal, time.Now())
	default:
		r.Reserve(lines, time.Now())
	}
	return nil
}

func (p *Progress) releaseStock(ctx context.Context, id string) error {
	return p.publisher.Expired(ctx, id, "the stock is reserved for an order that was not accepted")
}

// Reject ends an order for which stock is missing.
func (p *Progress) Reject(ctx context.Context, id, reason string) error {
	record, err := p.move(ctx, id, func(r *Record) error {
		r.Reject(reason, time.Now())
		return nil
	})
	if errs.Is(err, errs.NotFound) {
		return nil // the draft was withdrawn, and nothing is reserved
	}
	if err != nil || record.Status != Rejected {
		return err
	}
	return p.publisher.Changed(ctx, record.Order)
}

// Execute executes a command, and publishes the order with the status that the command gave it. It fails with errs.Conflict
// if the status of the order does not allow the command, and with errs.Invalid if there is no such order.
func (p *Progress) Execute(ctx context.Context, c Command, id, reason string) error {
	record, err := p.move(ctx, id, func(r *Record) error { return r.Execute(c, reason, time.Now()) })
	if errs.Is(err, errs.NotFound) {
		return errs.Wrap(errs.Invalid, err, "the command names the order %s, which does not exist", id)
	}
	if err != nil {
		return err
	}
	return p.publisher.Changed(ctx, record.WithStatus(c.to))
}

// move changes an order. A pending order is put on its customer's list first, so that a customer who reads the decision
// finds the order on the list. If another write came first, it is added again, which changes nothing. If the customer has left,
// the order is stored without them.
func (p *Progress) move(ctx context.Context, id string, change func(*Record) error) (Record, error) {
	return p.orders.Update(ctx, id, func(r *Record) error {
		if r.Status == Pending {
			left := false
			if err := p.orders.AddToList(ctx, r.Order, func(noted *OpenOrders) error {
				left = noted.left()
				return nil
			}); err != nil {
				return err
			}
			if left {
				r.Customer = r.Customer.anonymous()
			}
		}
		return change(r)
	})
}
