package repositories

import (
	"context"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/sidecar"
	"stoa/services/inventory/internal/domain"
)

// Reservations implements domain.Reservations: a document for each order.
type Reservations struct {
	documents *sidecar.Documents[domain.Reservation]
}

// NewReservations returns the reservations in the store behind a sidecar.
func NewReservations(s *sidecar.Sidecar) *Reservations {
	return &Reservations{documents: sidecar.Expiring(s, store, "reservation", lifetime)}
}

// lifetime is how long a reservation is stored: until its order ends, and then for as long as an event about it may come.
func lifetime(r domain.Reservation) time.Duration {
	if r.Status == domain.Reserved {
		return sidecar.Forever
	}
	return domain.EndedTTL
}

// Find implements domain.Reservations.
func (r *Reservations) Find(ctx context.Context, orderID string) (domain.Reservation, error) {
	found, err := r.documents.Find(ctx, orderID)
	return found.Value, err
}

// Decide implements domain.Reservations.
func (r *Reservations) Decide(ctx context.Context, first domain.Reservation) (domain.Reservation, error) {
	err := r.documents.Create(ctx, first.OrderID, first, 0)
	if errs.Is(err, errs.Conflict) {
		return r.Find(ctx, first.OrderID)
	}
	return first, err
}

// Update implements domain.Reservations.
func (r *Reservations) Update(
	ctx context.Context, orderID string, change func(*domain.Reservation) error,
) (domain.Reservation, error) {
	return r.documents.Update(ctx, orderID, change)
}
