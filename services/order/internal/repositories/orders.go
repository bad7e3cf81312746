// Package repositories stores orders in the state store of the service: one document for each order, and for each customer a
// list of orders, with a note of those that may be open.
package repositories

import (
	"context"
	"iter"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/recent"
	"stoa/pkg/sidecar"
	"stoa/services/order/internal/domain"
)

// store is the name of the component.
const store = "order-store"

// draftTTL is how long an unpublished draft is stored, and how long an expired id stays closed. Outages, and the retries
// of clients, are much shorter.
const draftTTL = 30 * 24 * time.Hour

// Orders are the orders of all customers.
type Orders struct {
	readings *readings
	records  *sidecar.Documents[domain.Record]
	lists    *sidecar.NotedLists[domain.Record, domain.OpenOrders]
	meters   meters
}

// New returns the orders in the sidecar's store.
func New(s *sidecar.Sidecar) *Orders {
	records := sidecar.NewDocuments[domain.Record](s, store, "order")
	return &Orders{
		readings: &readings{known: recent.New[string, reading](maxReadings)},
		records:  records,
		lists:    sidecar.NewNotedLists[domain.Record, domain.OpenOrders](records, "orders-of"),
		meters:   newMeters(),
	}
}

// Find returns the order with this id, or errs.NotFound. A malformed id is not found.
func (o *Orders) Find(ctx context.Context, id string) (domain.Record, error) {
	if !ids.Valid(id) {
		return domain.Record{}, domain.NotFound()
	}
	document, err := o.records.Get(ctx, id)
	return document.Value, err
}

// Create writes a new draft. It fails with errs.Conflict if something is stored under its id. A draft that never becomes
// an order expires.
func (o *Orders) Create(ctx context.Context, draft domain.Record) error {
	return o.records.Create(ctx, draft.ID, draft, draftTTL)
}

// Accept marks a draft as placed, so that its writer does not withdraw it. It fails with errs.NotFound if the writer has
// withdrawn it already.
func (o *Orders) Accept(ctx context.Context, draft domain.Record) error {
	_, err := o.records.Update(ctx, draft.ID, func(r *domain.Record) error {
		if r.Attempt != draft.Attempt {
			return domain.NotFound()
		}
		r.Accepted = r.Accepted || r.Status == domain.Pending
		return nil
	})
	return err
}

// Withdraw deletes a draft unless it is placed: another request has accepted it, or its event has been handled.
func (o *Orders) Withdraw(ctx context.Context, draft domain.Record) (placed bool, err error) {
	for {
		document, err := o.records.Find(ctx, draft.ID)
		if err != nil || document.Value.Attempt != draft.Attempt {
			return false, err
		}
		if document.Value.Accepted || document.Value.Status != domain.Pending {
			return true, nil
		}
		if err := o.records.Delete(ctx, document); !errs.Is(err, errs.Conflict) {
			return false, err
		}
	}
}

// Update changes an order by a function, which may run again. It fails with errs.NotFound if there is no such order.
// A changed order no longer expires.
func (o *Orders) Update(ctx context.Context, id string, change func(*domain.Record) error) (domain.Record, error) {
	var before domain.Status
	record, err := o.records.Update(ctx, id, func(r *domain.Record) error {
		before = r.Status
		return change(r)
	})
	if err == nil {
		o.meters.moved(ctx, before, record.Order)
	}
	return record, err
}

// Expire closes an id, so that no order can be placed under it. It fails with errs.Conflict if there is one.
func (o *Orders) Expire(ctx context.Context, id string) error {
	return o.records.Create(ctx, id, domain.Record{Order: domain.Order{ID: id, Status: domain.Expired}}, draftTTL)
}

// AddToList puts an order on its customer's list, once. In the same write, note changes what is noted there; it may run again.
func (o *Orders) AddToList(ctx context.Context, order domain.Order, note func(*domain.OpenOrders) error) error {
	return o.lists.AddNoting(ctx, order.Customer.ID, order.ID, note)
}

// Noted returns the orders of a customer that are noted as open.
func (o *Orders) Noted(ctx context.Context, customerID string) (domain.OpenOrders, error) {
	return o.lists.Note(ctx, customerID)
}

// Leave notes that a customer has deleted their account.
func (o *Orders) Leave(ctx context.Context, customerID string) error {
	return o.lists.ChangeNote(ctx, customerID, func(noted *domain.OpenOrders) error {
		*noted = domain.Left()
		return nil
	})
}

// StillOpen returns which of these orders are pending or confirmed.
func (o *Orders) StillOpen(ctx context.Context, ids []string) (map[string]bool, error) {
	documents, err := o.records.GetEach(ctx, ids) // what is not among them no longer counts
	open := make(map[string]bool, len(documents))
	for _, document := range documents {
		status := document.Value.Status
		open[document.ID] = status == domain.Pending || status == domain.Confirmed
	}
	return open, err
}

// All yields all orders of a customer, and misses none.
func (o *Orders) All(ctx context.Context, customerID string) iter.Seq2[[]domain.Record, error] {
	return o.lists.Batches(ctx, customerID, sidecar.Once, ofCustomer(customerID))
}

// partSize is how many orders Part reads: that takes far less time than a call between services may take.
const partSize = 500

// Part returns the orders in part n of a customer's list, the oldest part being 0, and whether another one follows. The parts together
// miss no order.
func (o *Orders) Part(ctx context.Context, customerID string, n int64) (orders []domain.Record, more bool, err error) {
	parts, err := o.lists.Parts(ctx, customerID, partSize)
	if err != nil || n >= parts {
		return nil, false, err
	}
	orders, err = o.lists.Part(ctx, customerID, n, partSize, ofCustomer(customerID))
	return orders, n+1 < parts, err
}

func ofCustomer(id string) func(domain.Record) bool {
	return func(r domain.Record) bool { return r.Customer.ID == id }
}

// List returns a page of a customer's orders, newest first, and the cursor of the next page, "" at the end.
func (o *Orders) List(ctx context.Context, customerID, cursor string, limit int) ([]domain.Record, string, error) {
	return o.lists.Page(ctx, customerID, cursor, limit, ofCustomer(customerID))
}
