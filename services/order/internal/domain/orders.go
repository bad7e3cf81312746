package domain

import (
	"context"
	"iter"
	"slices"
	"time"

	"stoa/pkg/common/errs"
)

// An order that has just changed often changes again soon: it is read often at first, then less and less.
const (
	shortestPause = 25 * time.Millisecond
	longestPause  = time.Second
)

// Reader reads orders.
type Reader interface {
	// All yields all orders of a customer, and misses none.
	All(ctx context.Context, customerID string) iter.Seq2[[]Record, error]
	// Find fails with errs.NotFound if there is no such order.
	Find(ctx context.Context, id string) (Record, error)
	// Recent is Find, and may return what anybody here read for Recent less than maxAge ago.
	Recent(ctx context.Context, id string, maxAge time.Duration) (Record, error)
	// List returns a page of a customer's orders, newest first, and the cursor of the next page, "" at the end.
	List(ctx context.Context, customerID, cursor string, limit int) (orders []Record, next string, err error)
}

// NotFound is the error for an id without an order, or without one that the caller may see.
func NotFound() error { return errs.New(errs.NotFound, "there is no such order") }

// Viewer is a person who asks for an order. Staff see every order, others only their own.
type Viewer struct {
	ID    string
	Staff bool
}

// Orders is how people read, follow and cancel orders.
type Orders struct {
	reader    Reader
	publisher Publisher
}

// NewOrders returns the Orders that the reader reads.
func NewOrders(reader Reader, publisher Publisher) *Orders {
	return &Orders{reader: reader, publisher: publisher}
}

// Get returns an order that the viewer may see. For any other id it returns the same errs.NotFound, whether or not there
// is an order.
func (o *Orders) Get(ctx context.Context, id string, viewer Viewer) (Order, error) {
	record, err := o.reader.Find(ctx, id)
	if err != nil {
		return Order{}, err
	}
	if record.Status == Expired || !viewer.Staff && record.Customer.ID != viewer.ID {
		return Order{}, NotFound()
	}
	return record.Order, nil
}

// List returns a page of a customer's orders, newest first, and the cursor of the next page, "" at the end.
func (o *Orders) List(ctx context.Context, customerID, cursor string, limit int) ([]Record, string, error) {
	return o.reader.List(ctx, customerID, cursor, limit)
}

// OpenOf returns the orders of a customer that are neither shipped nor ended. One that is still being decided is on no list. It reads
// all orders of the customer: what the Allowance has noted is nothing while there is no limit.
func (o *Orders) OpenOf(ctx context.Context, customerID string) (ids []string, err error) {
	for records, err := range o.reader.All(ctx, customerID) {
		if err != nil {
			return nil, err
		}
		for _, record := range records {
			if record.Status.open() {
				ids = append(ids, record.ID)
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// Cancel asks the worker, which alone changes placed orders, to cancel an order of this customer. It returns the
// order as it is after the wait, cancelled or not yet. It fails with errs.Conflict if the order can no longer be cancelled.
func (o *Orders) Cancel(ctx context.Context, id, customerID string, wait time.Duration) (Order, error) {
	order, err := o.Get(ctx, id, Viewer{ID: customerID})
	if err != nil {
		return order, err
	}
	if done, err := Cancel.check(order.Status); done || err != nil {
		return order, err
	}
	if err := o.publisher.Cancel(ctx, order); err != nil {
		return order, err
	}
	ctx, stop := context.WithTimeout(ctx, wait)
	defer stop()
	for order = range o.Follow(ctx, order) {
		if done, err := Cancel.check(order.Status); done || err != nil {
			return order, err
		}
	}
	return order, nil
}

// Follow yields the order as it is, again and again, until ctx ends or the order is withdrawn. It polls the document, so
// stores need not notify, and replicas need not know of each other. Followers of one order share what they read. While the
// store is down, it yields the last order read.
func (o *Orders) Follow(ctx context.Context, first Order) iter.Seq[Order] {
	return func(yield func(Order) bool) {
		latest, pause := first, shortestPause
		for yield(latest) {
			select {
			case <-ctx.Done():
				return
			case <-time.After(pause):
			}
			current, err := o.reader.Recent(ctx, latest.ID, pause)
			pause = min(2*pause, longestPause)
			if errs.Is(err, errs.NotFound) {
				return
			}
			if err == nil && current.Status.after(latest.Status) {
				latest, pause = current.Order, shortestPause
			}
		}
	}
}
