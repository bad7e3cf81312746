package repositories

import (
	"context"
	"slices"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/observability"
	"stoa/pkg/sidecar"
	"stoa/services/inventory/internal/domain"
)

// Reservations implements domain.Reservations: a document for each order.
type Reservations struct {
	documents *sidecar.Documents[domain.Reservation]
	products  *sidecar.Documents[domain.Product]
	outcomes  observability.Outcomes
}

// NewReservations returns the reservations in the store behind a sidecar.
func NewReservations(s *sidecar.Sidecar) *Reservations {
	return &Reservations{
		documents: sidecar.Expiring(s, store, "reservation", lifetime), products: productsIn(s),
		outcomes: observability.NewOutcomes("stoa.reservations", "Orders for which stock was reserved, or not",
			string(domain.Reserved), string(domain.Rejected), string(domain.Cancelled)),
	}
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
	return reservationOf(found), err
}

// reservationOf returns a reservation with the version of its document.
func reservationOf(document sidecar.Document[domain.Reservation]) domain.Reservation {
	document.Value.Version = document.ETag
	return document.Value
}

// FindWith implements domain.Reservations.
func (r *Reservations) FindWith(
	ctx context.Context, orderID string, productIDs []string,
) (domain.Reservation, map[string]domain.Product, error) {
	valid := slices.DeleteFunc(slices.Clone(productIDs), func(id string) bool { return !ids.Valid(id) })
	reservation, documents, err := sidecar.FindWith(ctx, r.documents, orderID, r.products, valid)
	if err != nil {
		return domain.Reservation{}, nil, err
	}
	found := make(map[string]domain.Product, len(documents))
	for id, document := range documents {
		found[id] = versioned(document)
	}
	return reservationOf(reservation), found, nil
}

// FindMany implements domain.Reservations.
func (r *Reservations) FindMany(ctx context.Context, orderIDs []string) (map[string]domain.Reservation, error) {
	documents, err := r.documents.GetMany(ctx, orderIDs)
	if err != nil {
		return nil, err
	}
	found := make(map[string]domain.Reservation, len(documents))
	for _, document := range documents {
		found[document.ID] = reservationOf(document)
	}
	return found, nil
}

// Decide implements domain.Reservations.
func (r *Reservations) Decide(ctx context.Context, first domain.Reservation) (domain.Reservation, error) {
	err := r.documents.Create(ctx, first.OrderID, first, 0)
	if errs.Is(err, errs.Conflict) {
		return r.Find(ctx, first.OrderID)
	}
	if err == nil {
		r.outcomes.Add(ctx, string(first.Status))
	}
	return first, err
}

// Update implements domain.Reservations.
func (r *Reservations) Update(
	ctx context.Context, seen domain.Reservation, change func(*domain.Reservation) error,
) (domain.Reservation, error) {
	read := sidecar.Document[domain.Reservation]{ID: seen.OrderID, Value: seen, ETag: seen.Version}
	updated, err := r.documents.UpdateFrom(ctx, read, change)
	return reservationOf(updated), err
}
