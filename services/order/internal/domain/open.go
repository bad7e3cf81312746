package domain

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// sweepEvery is after how many orders those that have ended are dropped, so that open orders stay few.
const sweepEvery = 32

// OpenOrders are the orders of one customer that may be open, pending or confirmed, with the pieces of each. Nothing is paid
// for them yet, so the number of their pieces is limited. Orders that have ended stay among them until their place is needed.
// They are noted beside the list of the customer's orders.
type OpenOrders map[string]int64

// leftKey is noted in place of all orders of a customer who has deleted their account: for ever, since one may still be on its way.
// It has no pieces. So the note is a map of numbers in every build, and replicas of two builds read it.
const leftKey = "left"

// Left returns what is noted of a customer who has deleted their account.
func Left() OpenOrders { return OpenOrders{leftKey: 0} }

// left reports whether the customer has deleted their account.
func (o OpenOrders) left() bool {
	_, noted := o[leftKey]
	return noted
}

// pieces is the sum of all pieces.
func (o OpenOrders) pieces() (sum int64) {
	for _, pieces := range o {
		sum += pieces
	}
	return sum
}

// crowded reports whether orders that have ended are to be dropped before another one is added.
func (o OpenOrders) crowded() bool { return len(o)%sweepEvery == sweepEvery-1 }

// OpenReader tells which orders are still open.
type OpenReader interface {
	// StillOpen returns which of these orders are pending or confirmed.
	StillOpen(ctx context.Context, ids []string) (map[string]bool, error)
}

// stillOpen returns those that are still open.
func (o OpenOrders) stillOpen(ctx context.Context, reader OpenReader) (OpenOrders, error) {
	still, err := reader.StillOpen(ctx, slices.Collect(maps.Keys(o)))
	open := maps.Clone(o)
	maps.DeleteFunc(open, func(id string, _ int64) bool { return !still[id] })
	return open, err
}

// Allowance is how many pieces a customer may have in open orders. It decides when the stock of an order is reserved, and notes
// the order in the customer's list, which order-worker writes at that moment anyway. So an order that is confirmed is noted,
// and the compare-and-swap of the list's head decides among orders that come at the same time. Nothing is written when an order
// ends: if an order does not fit, those that are noted are read, and those that have ended are dropped.
type Allowance struct {
	orders OpenReader
	limit  func() int64
}

// NewAllowance returns an allowance of limit() pieces; with 0, there is no limit.
func NewAllowance(orders OpenReader, limit func() int64) *Allowance {
	return &Allowance{orders: orders, limit: limit}
}

// take adds an order to the open ones. If it does not fit, take says why.
func (a *Allowance) take(ctx context.Context, open *OpenOrders, order Order) (refusal string, err error) {
	limit, pieces := a.limit(), order.pieces()
	if limit == 0 {
		return "", nil
	}
	if *open == nil {
		*open = OpenOrders{}
	}
	delete(*open, order.ID) // an earlier run has noted it
	if open.pieces()+pieces > limit || open.crowded() {
		if *open, err = open.stillOpen(ctx, a.orders); err != nil {
			return "", err
		}
	}
	if others := open.pieces(); others+pieces > limit {
		return tooMany(others, pieces, limit), nil
	}
	(*open)[order.ID] = pieces
	return "", nil
}

// tooMany says why an order does not fit.
func tooMany(others, pieces, limit int64) string {
	return fmt.Sprintf("%d pieces of earlier orders are not shipped yet, and at most %d are allowed: this order has %d",
		others, limit, pieces)
}
