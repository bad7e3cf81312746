// Package repositories stores fulfilments and dead letters in the state store of the service, each kind with a list.
package repositories

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/sidecar"
	"stoa/services/backoffice/internal/domain"
)

// store is the name of the state store component.
const store = "backoffice-store"

// statuses are the lists of fulfilments, in the order of progress.
var statuses = []domain.Status{domain.Queued, domain.Shipped, domain.Delivered, domain.Cancelled}

// Fulfilments stores one document for each order, and a list for each status.
type Fulfilments struct {
	documents *sidecar.Documents[domain.Fulfilment]
	lists     *sidecar.Lists[domain.Fulfilment]
	keep      time.Duration
}

// NewFulfilments returns the fulfilments in the sidecar's store. They expire when they have been finished for keep.
func NewFulfilments(s *sidecar.Sidecar, keep time.Duration) *Fulfilments {
	documents := sidecar.Expiring(s, store, "fulfilment", func(f domain.Fulfilment) time.Duration {
		if f.Finished() {
			return keep
		}
		return sidecar.Forever
	})
	return &Fulfilments{documents: documents, lists: sidecar.NewLists(documents, "fulfilment-list"), keep: keep}
}

// Record stores what an event says about an order, and returns the fulfilment as it is then. A confirmed order hardly ever has a
// fulfilment yet. So Record reads only after a first write has shown that it has one.
func (r *Fulfilments) Record(ctx context.Context, order domain.Order) (domain.Fulfilment, error) {
	known := sidecar.Document[domain.Fulfilment]{ID: order.ID}
	var err error
	if !order.Confirmed() {
		known, err = r.documents.Find(ctx, order.ID)
	}
	for ; err == nil; known, err = r.documents.Find(ctx, order.ID) {
		f := known.Value
		if err := f.Record(order); err != nil || f.Status == known.Value.Status {
			return f, err
		}
		if err := r.save(ctx, known, f); !errs.Is(err, errs.Conflict) {
			return f, err
		}
	}
	return domain.Fulfilment{}, err
}

// save adds a fulfilment to the list of its status before it writes the document, so that every document is listed. Compaction
// removes it from the list of its former status. A fulfilment that was cancelled before it was queued is stored but not listed:
// the staff has nothing to do.
func (r *Fulfilments) save(ctx context.Context, known sidecar.Document[domain.Fulfilment], f domain.Fulfilment) error {
	if known.Value.Status != "" || f.Status != domain.Cancelled {
		if err := r.lists.Add(ctx, string(f.Status), f.OrderID); err != nil {
			return err
		}
	}
	return r.documents.Swap(ctx, known, f)
}

// Anonymise implements domain.FulfilmentRepository. The fulfilment of an order that changed longer ago than one is kept is gone,
// and no event about it is still to come.
func (r *Fulfilments) Anonymise(ctx context.Context, order domain.Order) error {
	change := func(f *domain.Fulfilment) error {
		f.Anonymise(order)
		return nil
	}
	if time.Since(order.UpdatedAt) < r.keep {
		_, err := r.documents.Upsert(ctx, order.ID, change)
		return err
	}
	_, err := r.documents.Update(ctx, order.ID, change)
	if errs.Is(err, errs.NotFound) {
		return nil
	}
	return err
}

// Get returns the fulfilment of an order, or errs.NotFound.
func (r *Fulfilments) Get(ctx context.Context, orderID string) (domain.Fulfilment, error) {
	document, err := r.documents.Get(ctx, orderID)
	if err == nil && document.Value.Status == "" { // only that the customer has left is known
		return domain.Fulfilment{}, errs.New(errs.NotFound, "there is no such fulfilment")
	}
	return document.Value, err
}

// List returns a page of the fulfilments with this status, newest first. If it is "", the page is of all, in the order of
// their progress: a fulfilment that progresses meanwhile is shown again, never missed.
func (r *Fulfilments) List(
	ctx context.Context, status domain.Status, cursor string, limit int,
) (items []domain.Fulfilment, next string, err error) {
	if status != "" {
		return r.page(ctx, status, cursor, limit)
	}
	at, cursor, err := place(cursor)
	if err != nil {
		return nil, "", err
	}
	items = make([]domain.Fulfilment, 0, limit)
	for _, status := range statuses[at:] {
		if len(items) == limit {
			return items, string(status) + ".", nil
		}
		found, next, err := r.page(ctx, status, cursor, limit-len(items))
		if items = append(items, found...); err != nil || next != "" {
			return items, string(status) + "." + next, err
		}
		cursor = ""
	}
	return items, "", nil
}

// place returns where a cursor of all fulfilments points to: one of the statuses, and a cursor of its list.
func place(all string) (at int, cursor string, err error) {
	first, cursor, _ := strings.Cut(all, ".")
	at = max(0, slices.Index(statuses, domain.Status(first)))
	if first != string(statuses[at]) && first != "" {
		err = errs.InvalidField("cursor", "is not a cursor of this list")
	}
	return at, cursor, err
}

// OfCustomer implements domain.FulfilmentRepository. A page is of one status.
func (r *Fulfilments) OfCustomer(ctx context.Context, customerID, cursor string, limit int) ([]domain.Fulfilment, string, error) {
	at, cursor, err := place(cursor)
	if err != nil {
		return nil, "", err
	}
	status := statuses[at]
	items, next, err := r.lists.Page(ctx, string(status), cursor, limit, func(f domain.Fulfilment) bool {
		return f.Status == status && f.Customer.ID == customerID
	})
	switch {
	case next != "":
		next = string(status) + "." + next
	case at+1 < len(statuses):
		next = string(statuses[at+1]) + "."
	}
	return items, next, err
}

func (r *Fulfilments) page(
	ctx context.Context, status domain.Status, cursor string, limit int,
) ([]domain.Fulfilment, string, error) {
	return r.lists.Page(ctx, string(status), cursor, limit, func(f domain.Fulfilment) bool { return f.Status == status })
}

// Compact removes from the lists what has another status by now, and what has expired.
func (r *Fulfilments) Compact(ctx context.Context) error {
	var all []error
	for _, status := range statuses {
		all = append(all, r.lists.Compact(ctx, string(status), func(f domain.Fulfilment) bool { return f.Status == status }))
	}
	return errors.Join(all...)
}
