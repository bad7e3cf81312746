package domain

import "time"

// Status is the status of an order.
type Status string

// The statuses. They only move forward: pending -> confirmed -> shipped -> delivered; pending -> rejected;
// pending or confirmed -> cancelled.
const (
	// Pending: the order is placed, and no stock is reserved for it yet.
	Pending Status = "pending"
	// Confirmed: its stock is reserved.
	Confirmed Status = "confirmed"
	// Shipped: it is on its way.
	Shipped Status = "shipped"
	// Delivered: it has arrived.
	Delivered Status = "delivered"
	// Rejected: it cannot be fulfilled.
	Rejected Status = "rejected"
	// Cancelled: its customer cancelled it before it was shipped.
	Cancelled Status = "cancelled"
	// Expired marks an id that has reserved stock but no order. Nobody sees it, and no order can be placed under it.
	Expired Status = "expired"
)

// Final reports whether the status never changes again.
func (s Status) Final() bool {
	return s == Delivered || s == Rejected || s == Cancelled || s == Expired
}

// open reports whether the order is neither shipped nor ended.
func (s Status) open() bool { return s == Pending || s == Confirmed }

// rank says how far an order is with each status.
var rank = map[Status]int{Pending: 0, Confirmed: 1, Shipped: 2, Delivered: 3, Rejected: 3, Cancelled: 3, Expired: 3}

// after reports whether an order with this status has moved forward from the other.
func (s Status) after(other Status) bool { return rank[s] > rank[other] }

// Reserve decides a pending order when stock is reserved under its id: it confirms the order, or rejects it if the stock is
// for other lines. That happens when the broker delivers an earlier attempt with the same Idempotency-Key that was
// withdrawn. An order that is decided stays as it is.
func (o *Order) Reserve(lines []Wanted, now time.Time) {
	switch {
	case o.Status != Pending:
	case o.isFor(lines):
		o.move(Confirmed, "", now)
	default:
		o.move(Rejected, "it was ordered again with other items before the first attempt was finished", now)
	}
}

// Reject ends a pending order for which stock is missing. An order that is decided stays as it is: inventory may have
// answered an earlier attempt that was withdrawn.
func (o *Order) Reject(reason string, now time.Time) {
	if o.Status == Pending {
		o.move(Rejected, reason, now)
	}
}

func (o *Order) move(to Status, reason string, now time.Time) {
	o.Status, o.Reason, o.UpdatedAt = to, reason, now.UTC().Truncate(time.Millisecond)
}
