package repositories

import (
	"context"

	"stoa/pkg/sidecar"
	"stoa/services/inventory/internal/domain"
)

// Reservations implements domain.Reservations: a document for each order.
type Reservations struct {
	documents *sidecar.Documents[domain.Reservation]
}

// NewReservations returns the reservations in the store behind a sidecar.
func NewReservations(s *sidecar.Sidecar) *Reservations {
	return &Reservations{documents: sidecar.NewDocuments[domain.Reservation](s, store, "reservation")}
}

// Find implements domain.Reservations.
func (r *Reservations) Find(ctx context.Context, orderID string) (domain.Reservation, error) {
	found, err := r.documents.Find(ctx, orderID)
	return found.Value, err
}

// Update implements domain.Reservations.
func (r *Reservations) Update(
	ctx context.Context, orderID string, change func(*domain.Reservation) error,
) (domain.Reservation, error) {
	return r.documents.Upsert(ctx, orderID, change)
}
