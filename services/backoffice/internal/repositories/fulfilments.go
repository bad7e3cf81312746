package repositories

import (
	"context"
	"time"

	"stoa/pkg/sidecar"
	"stoa/services/backoffice/internal/domain"
)

// Fulfilments keeps one document for each order.
type Fulfilments struct{ list[domain.Fulfilment] }

// NewFulfilments returns the fulfilments behind a sidecar.
func NewFulfilments(s *sidecar.Sidecar) *Fulfilments {
	return &Fulfilments{newList[domain.Fulfilment](s, "fulfilment")}
}

// Record takes over what an event says about an order, and returns the fulfilment as it is then. One that was cancelled
// before it was queued is kept, but not listed: there is nothing for the staff to do or to see.
//
// The first event of an order puts it on the list, before its document is written, so that a document is never without
// its place; later ones may come after so many other orders that the list would not notice the repetition.
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

// enlist puts an order on the list that has no fulfilment yet, if its fulfilment will belong there.
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

// List returns fulfilments, newest first: those with this status, or all if it is "".
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
