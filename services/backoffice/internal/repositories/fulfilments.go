// Package repositories stores fulfilments and dead letters in the state store of the service, each kind with a list.
package repositories

import (
	"context"
	"time"

	"stoa/pkg/sidecar"
	"stoa/services/backoffice/internal/domain"
)

// store is the name of the state store component.
const store = "backoffice-store"

// all is the name of the one list of each kind.
const all = "all"

// Fulfilments stores one document for each order.
type Fulfilments struct {
	documents *sidecar.Documents[domain.Fulfilment]
	lists     *sidecar.Lists[domain.Fulfilment]
}

// NewFulfilments returns the fulfilments in the sidecar's store. They expire when they have been finished for keep.
func NewFulfilments(s *sidecar.Sidecar, keep time.Duration) *Fulfilments {
	documents := sidecar.Expiring(s, store, "fulfilment", func(f domain.Fulfilment) time.Duration {
		if f.Finished() {
			return keep
		}
		return sidecar.Forever
	})
	return &Fulfilments{documents: documents, lists: sidecar.NewLists(documents, "fulfilment-list")}
}

// Record stores what an event says about an order, and returns the fulfilment as it is then. A fulfilment that was cancelled
// before it was queued is stored but not listed: the staff has nothing to do.
//
// The first event of an order puts it on the list, before its document is written, so that every document is listed. Later
// events do not: the list searches only its newest entries for a repetition.
func (r *Fulfilments) Record(ctx context.Context, order domain.Order) (domain.Fulfilment, error) {
	known, err := r.documents.Find(ctx, order.ID)
	if err != nil {
		return domain.Fulfilment{}, err
	}
	if !known.Exists() {
		if err := r.enlist(ctx, order); err != nil {
			return domain.Fulfilment{}, err
		}
	}
	return r.documents.Upsert(ctx, order.ID, func(f *domain.Fulfilment) error { return f.Record(order) })
}

// enlist puts an order without a fulfilment on the list, if its fulfilment will belong there.
func (r *Fulfilments) enlist(ctx context.Context, order domain.Order) error {
	var first domain.Fulfilment
	if err := first.Record(order); err != nil || first.Status == domain.Cancelled {
		return err
	}
	return r.lists.Add(ctx, all, order.ID)
}

// Get returns the fulfilment of an order, or errs.NotFound.
func (r *Fulfilments) Get(ctx context.Context, orderID string) (domain.Fulfilment, error) {
	document, err := r.documents.Get(ctx, orderID)
	return document.Value, err
}

// List returns a page of the fulfilments with this status, or of all if it is "", newest first.
func (r *Fulfilments) List(
	ctx context.Context, status domain.Status, cursor string, limit int,
) ([]domain.Fulfilment, string, error) {
	matches := func(f domain.Fulfilment) bool { return status == "" || f.Status == status }
	return r.lists.Page(ctx, all, cursor, limit, matches)
}

// Compact takes what was finished long ago off the list.
func (r *Fulfilments) Compact(ctx context.Context) error {
	now := time.Now()
	return r.lists.Compact(ctx, all, func(f domain.Fulfilment) bool { return f.Listed(now) })
}
