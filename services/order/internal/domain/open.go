package domain

import (
	"context"
	"slices"

	"stoa/pkg/common/errs"
)

// sweepEvery is after how many noted orders those that have ended are dropped, so that the document stays small.
const sweepEvery = 32

// OpenOrders are the orders of one customer that may be open: pending or confirmed. Nothing is paid for them yet, so the
// number of their pieces is limited. Orders that have ended stay among them until their place is needed.
type OpenOrders struct {
	Orders []OpenOrder `json:"orders"`
	// Version is that of the stored document.
	Version string `json:"-"`
}

// OpenOrder is the part of an order that counts.
type OpenOrder struct {
	ID     string `json:"id"`
	Pieces int64  `json:"pieces"`
}

// keep drops the orders that are not wanted.
func (o *OpenOrders) keep(wanted func(id string) bool) {
	o.Orders = slices.DeleteFunc(slices.Clone(o.Orders), func(order OpenOrder) bool { return !wanted(order.ID) })
}

// room returns how many pieces fit below the limit.
func (o *OpenOrders) room(limit int64) int64 {
	for _, order := range o.Orders {
		limit -= order.Pieces
	}
	return limit
}

// OpenStore stores the open orders of each customer.
type OpenStore interface {
	// ChangeOpen changes a customer's open orders by a function, which may run again. It begins with those that were read
	// before, and reads them again only if they have changed.
	ChangeOpen(ctx context.Context, customerID string, known OpenOrders, change func(*OpenOrders) error) error
	// StillOpen returns which of these orders are pending or confirmed.
	StillOpen(ctx context.Context, ids []string) (map[string]bool, error)
}

// Allowance is how many pieces a customer may have in open orders.
//
// An order is noted after its draft is stored, and before it is published. So an order that is published is noted, an order
// without a document is not open, and the compare-and-swap of the customer's document decides among orders that are placed at
// the same time. Nothing is written when an order ends: a customer without room has the orders read that are noted, and those
// that have ended are dropped.
type Allowance struct {
	store OpenStore
	limit func() int64
}

// NewAllowance returns an allowance of limit() pieces; with 0, there is no limit.
func NewAllowance(store OpenStore, limit func() int64) *Allowance {
	return &Allowance{store: store, limit: limit}
}

// check fails with errs.Conflict if an order does not fit. It drops orders that have ended if their place is needed. An order
// that is too large in any case is errs.Invalid.
func (a *Allowance) check(ctx context.Context, open *OpenOrders, order OpenOrder) error {
	limit := a.limit()
	if limit == 0 {
		return nil
	}
	if order.Pieces > limit {
		return errs.InvalidField("items", "must be at most %d pieces in all", limit)
	}
	open.keep(func(id string) bool { return id != order.ID }) // an earlier attempt
	if open.room(limit) < order.Pieces || len(open.Orders)%sweepEvery == sweepEvery-1 {
		if err := a.sweep(ctx, open); err != nil {
			return err
		}
	}
	if room := open.room(limit); room < order.Pieces {
		return errs.New(errs.Conflict, "you have ordered %d pieces that are not shipped yet, and at most %d are allowed: "+
			"this order has %d", limit-room, limit, order.Pieces)
	}
	return nil
}

// sweep drops the orders that have ended, or were withdrawn.
func (a *Allowance) sweep(ctx context.Context, open *OpenOrders) error {
	ids := make([]string, len(open.Orders))
	for i, order := range open.Orders {
		ids[i] = order.ID
	}
	still, err := a.store.StillOpen(ctx, ids)
	if err == nil {
		open.keep(func(id string) bool { return still[id] })
	}
	return err
}

// note adds an order to its customer's open ones. It fails like check.
func (a *Allowance) note(ctx context.Context, customerID string, known OpenOrders, order OpenOrder) error {
	if a.limit() == 0 {
		return nil
	}
	return a.store.ChangeOpen(ctx, customerID, known, func(open *OpenOrders) error {
		if err := a.check(ctx, open, order); err != nil {
			return err
		}
		open.Orders = append(open.Orders, order)
		return nil
	})
}
