package domain

import (
	"slices"
	"time"

	"stoa/pkg/common/errs"
)

// Status is how far an order has come.
type Status string

// The states of an order. They only move forward: pending -> confirmed -> shipped -> delivered; pending -> rejected;
// pending or confirmed -> cancelled.
const (
	// Pending: it is placed, and nothing is reserved for it yet.
	Pending Status = "pending"
	// Confirmed: the stock for it is reserved.
	Confirmed Status = "confirmed"
	// Shipped: it has left the house.
	Shipped Status = "shipped"
	// Delivered: it has arrived.
	Delivered Status = "delivered"
	// Rejected: it cannot be filled.
	Rejected Status = "rejected"
	// Cancelled: it was called off before it was shipped.
	Cancelled Status = "cancelled"
	// Expired marks an id under which no order was ever accepted although stock was reserved for it. Nobody is shown it,
	// and no order can come to be under that id any more.
	Expired Status = "expired"
)

// Final reports whether nothing follows.
func (s Status) Final() bool {
	return s == Delivered || s == Rejected || s == Cancelled || s == Expired
}

// Cancellable reports whether an order can be cancelled now: errs.Conflict if it cannot. One that is cancelled already
// can, since nothing is left to do.
func (o Order) Cancellable() error {
	return o.allow(Cancelled, []Status{Pending, Confirmed}, Cancelled)
}

// Reserve decides what follows from stock that is reserved under the order's id: a pending order is confirmed. It is
// rejected if the stock is for other lines than its own: an earlier attempt with the same Idempotency-Key, which the
// broker has delivered although it was given up, came first. A decided order stays as it is.
func (o *Order) Reserve(lines []Wanted, now time.Time) {
	switch {
	case o.Status != Pending:
	case o.isFor(lines):
		o.move(Confirmed, "", now)
	default:
		o.move(Rejected, "it was ordered again with other items while the first attempt was still under way", now)
	}
}

// Reject ends a pending order that cannot be filled. A decided order stays as it is: an attempt that was given up has
// an answer of its own, which may be another one.
func (o *Order) Reject(reason string, now time.Time) {
	if o.Status == Pending {
		o.move(Rejected, reason, now)
	}
}

// Cancel calls the order off, until it is shipped: errs.Conflict afterwards.
func (o *Order) Cancel(reason string, now time.Time) error {
	err := o.Cancellable()
	if err == nil && o.Status != Cancelled {
		o.move(Cancelled, reason, now)
	}
	return err
}

// Ship marks a confirmed order as on its way: errs.Conflict if it is not confirmed. One that is further stays there.
func (o *Order) Ship(now time.Time) error {
	err := o.allow(Shipped, []Status{Confirmed}, Shipped, Delivered)
	if err == nil && o.Status == Confirmed {
		o.move(Shipped, "", now)
	}
	return err
}

// Deliver marks a shipped order as arrived: errs.Conflict if it is not shipped.
func (o *Order) Deliver(now time.Time) error {
	err := o.allow(Delivered, []Status{Shipped}, Delivered)
	if err == nil && o.Status == Shipped {
		o.move(Delivered, "", now)
	}
	return err
}

// allow says whether the order may become `to`: from these states it may, and in those that are done there is nothing
// left to do, since handlers run again.
func (o Order) allow(to Status, from []Status, done ...Status) error {
	if slices.Contains(from, o.Status) || slices.Contains(done, o.Status) {
		return nil
	}
	return errs.New(errs.Conflict, "the order is %s and cannot be %s", o.Status, to)
}

func (o *Order) move(to Status, reason string, now time.Time) {
	o.Status, o.Reason, o.UpdatedAt = to, reason, now.UTC().Truncate(time.Millisecond)
}
