package domain

import (
	"context"
	"iter"
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
	// Part returns some orders of a customer, those of part n, and whether another part follows. The parts together miss none.
	Part(ctx context.Context, customerID string, n int64) (orders []Record, more bool, err error)
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

// OpenOf returns which orders in part n of a customer's are neither shipped nor ended, and whether another part follows. One order may
// be in two parts, and one that is still being decided is in none. All orders are read, because the Allowance notes nothing
// while there is no limit.
func (o *Orders) OpenOf(ctx context.Context, customerID string, n int64) (ids []string, more bool, err error) {
	records, more, err := o.reader.Part(ctx, customerID, n)
	ids = []string{}
	for _, record := range records {
		if record.Status.open() {
			ids = append(ids, record.ID)
		}
	}
	return ids, more, err
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
