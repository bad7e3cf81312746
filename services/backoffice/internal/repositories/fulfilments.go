package repositories

import (
	"context"
	"time"

	"stoa/pkg/sidecar"
	"stoa/services/backoffice/internal/domain"
)

// Fulfilments stores one document for each order.
type Fulfilments struct{ list[domain.Fulfilment] }

// NewFulfilments returns the fulfilments in the sidecar's store.
func NewFulfilments(s *sidecar.Sidecar) *Fulfilments {
	return &Fulfilments{newList[domain.Fulfilment](s, "fulfilment")}
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
	return r.index.Add(ctx, all, order.ID)
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
	return r.page(ctx, cursor, limit, func(f domain.Fulfilment) bool { return status == "" || f.Status == status })
}

// Compact takes what was finished long ago off the list.
func (r *Fulfilments) Compact(ctx context.Context) error {
	now := time.Now()
	return r.compact(ctx, func(f domain.Fulfilment) bool { return f.Listed(now) })
}
