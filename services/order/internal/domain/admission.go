package domain

import (
	"context"
	"maps"
	"sync"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/recent"
)

// maxCustomers is how many customers a process remembers, up to twice.
const maxCustomers = 5000

// OpenNotes reads what the Allowance has noted.
type OpenNotes interface {
	OpenReader
	// Noted returns the orders of a customer that are noted as open.
	Noted(ctx context.Context, customerID string) (OpenOrders, error)
}

// Admission refuses an order at once that the Allowance would refuse a moment later. It remembers the orders that were placed
// through this process. Only if one more does not fit, it reads what is noted and which orders are still open. It does not know
// what other processes have just placed; the Allowance does.
type Admission struct {
	notes OpenNotes
	limit func() int64

	mu        sync.Mutex
	customers *recent.Memory[string, *remembered]
}

// remembered are the orders of one customer, as this process knows them.
type remembered struct {
	open    OpenOrders // they were placed here, or are noted
	placing OpenOrders // they are being placed: they may not be stored yet
}

// NewAdmission returns an admission for an allowance of limit() pieces; with 0, there is no limit.
func NewAdmission(notes OpenNotes, limit func() int64) *Admission {
	return &Admission{notes: notes, limit: limit, customers: recent.New[string, *remembered](maxCustomers)}
}

// admit lets a customer place an order, and counts its pieces until settle is called. It fails with errs.Conflict if the order
// does not fit, and with errs.Invalid if it is too large in any case.
func (a *Admission) admit(ctx context.Context, customerID, id string, pieces int64) error {
	limit := a.limit()
	if limit == 0 {
		return nil
	}
	if pieces > limit {
		return errs.InvalidField("items", "must be at most %d pieces in all", limit)
	}
	if _, ok := a.count(customerID, id, pieces, limit, false); ok {
		return nil
	}
	if err := a.refresh(ctx, customerID); err != nil {
		return err
	}
	if others, ok := a.count(customerID, id, pieces, limit, true); !ok {
		return errs.New(errs.Conflict, "%s", tooMany(others, pieces, limit))
	}
	return nil
}

// count adds an order to those that are being placed, if it fits beside the others, and reports how many pieces those have.
// Unless they have just been refreshed, a crowd of orders counts as too many for one more.
func (a *Admission) count(customerID, id string, pieces, limit int64, refreshed bool) (others int64, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	known := a.known(customerID)
	others = known.open.pieces() + known.placing.pieces() - known.open[id] - known.placing[id]
	if others+pieces > limit || known.open.crowded() && known.open[id] == 0 && !refreshed {
		return others, false
	}
	if known.open[id] == 0 {
		known.placing[id] = pieces
	}
	return others, true
}

// settle says whether an order that was admitted is placed.
func (a *Admission) settle(customerID, id string, pieces int64, placed bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	known, ok := a.customers.Get(customerID)
	if !ok {
		return // there is no limit, or the customer is forgotten
	}
	delete(known.placing, id)
	if placed && a.limit() > 0 {
		known.open[id] = pieces
	}
}

// refresh reads what is noted about a customer, and drops the orders that have ended.
func (a *Admission) refresh(ctx context.Context, customerID string) error {
	noted, err := a.notes.Noted(ctx, customerID)
	if err != nil {
		return err
	}
	a.mu.Lock()
	all := maps.Clone(a.known(customerID).open)
	a.mu.Unlock()
	maps.Copy(all, noted)
	open, err := all.stillOpen(ctx, a.notes)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	known := a.known(customerID)
	for id := range all {
		delete(known.open, id)
	}
	maps.Copy(known.open, open)
	for id := range known.placing { // the worker may have noted it already
		delete(known.open, id)
	}
	return nil
}

// known returns what is remembered about a customer.
func (a *Admission) known(customerID string) *remembered {
	known, ok := a.customers.Get(customerID)
	if !ok {
		known = &remembered{open: OpenOrders{}, placing: OpenOrders{}}
		a.customers.Put(customerID, known)
	}
	return known
}
