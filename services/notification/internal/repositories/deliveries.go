package repositories

import (
	"context"

	"stoa/pkg/sidecar"
	"stoa/services/notification/internal/domain"
)

// Deliveries implements domain.Deliveries: a document for each notice that is mailed.
type Deliveries struct {
	documents *sidecar.Documents[domain.Delivery]
}

// NewDeliveries returns the deliveries in the store behind a sidecar.
func NewDeliveries(s *sidecar.Sidecar) *Deliveries {
	return &Deliveries{documents: sidecar.NewDocuments[domain.Delivery](s, store, "mail")}
}

// Change implements domain.Deliveries.
func (r *Deliveries) Change(
	ctx context.Context, noticeID string, change func(*domain.Delivery) error,
) (domain.Delivery, error) {
	return r.documents.Upsert(ctx, noticeID, change)
}
