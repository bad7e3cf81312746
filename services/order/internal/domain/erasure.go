package domain

import (
	"context"
	"errors"
	"iter"
	"time"

	"stoa/pkg/common/backlog"
	"stoa/pkg/common/errs"
)

// CustomerRepository stores what is known of customers: their orders.
type CustomerRepository interface {
	// Update changes an order by a function, which may run again.
	Update(ctx context.Context, id string, change func(*Record) error) (Record, error)
	// All yields all orders of a customer, and misses none.
	All(ctx context.Context, customerID string) iter.Seq2[[]Record, error]
	// Leave notes that a customer has deleted their account: AddToList finds that from now on.
	Leave(ctx context.Context, customerID string) error
}

// Erasure takes the customer from orders when their account is deleted.
type Erasure struct {
	orders    CustomerRepository
	publisher Publisher
}

// NewErasure returns the Erasure of these orders.
func NewErasure(orders CustomerRepository, publisher Publisher) *Erasure {
	return &Erasure{orders, publisher}
}

// Erase cancels a customer's orders that are not shipped, and takes name and address from all. First it notes that the customer
// has left. An order that is decided later finds the note; one that was decided earlier is on the list. It may end anywhere: a
// second run goes on with the orders that still have their customer.
func (e *Erasure) Erase(ctx context.Context, customerID string) error {
	if err := e.orders.Leave(ctx, customerID); err != nil {
		return err
	}
	var failed error
	for records, err := range e.orders.All(ctx, customerID) {
		if err != nil {
			return errors.Join(failed, err)
		}
		err := backlog.SideBySide(ctx, records, e.eraseFrom) // one after the other, thousands would take minutes
		if failed = errors.Join(failed, err); errs.Is(err, errs.Unavailable) {
			return failed
		}
	}
	return failed
}

// eraseFrom cancels one order, if it can be, tells of it, and takes the customer from it last: so an order without customer is
// one that was told of. The record may be an old one: what can no longer be cancelled never can.
func (e *Erasure) eraseFrom(ctx context.Context, record Record) (err error) {
	if record.Customer == record.Customer.anonymous() {
		return nil
	}
	if record.Status.open() {
		record, err = e.orders.Update(ctx, record.ID, func(r *Record) error {
			if r.Status.open() {
				return r.Execute(Cancel, gone, time.Now())
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	order := record.Order
	order.Customer = order.Customer.anonymous()
	if order.Status == Cancelled && order.Reason == gone {
		err = e.publisher.Changed(ctx, order)
	}
	if err == nil {
		err = e.publisher.Anonymised(ctx, order)
	}
	if err != nil {
		return err
	}
	_, err = e.orders.Update(ctx, order.ID, func(r *Record) error {
		r.Customer = r.Customer.anonymous()
		return nil
	})
	return err
}
