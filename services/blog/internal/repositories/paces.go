package repositories

import (
	"context"
	"time"

	"stoa/pkg/sidecar"
	"stoa/services/blog/internal/domain"
)

// paceTTL is longer than anything in a pace counts.
const paceTTL = 2 * time.Minute

// Paces implements domain.PaceStore: a document for each account that has written lately.
type Paces struct {
	paces *sidecar.Documents[domain.Pace]
}

// NewPaces returns the paces in the sidecar's store.
func NewPaces(s *sidecar.Sidecar) *Paces {
	return &Paces{sidecar.Expiring(s, store, "pace", func(domain.Pace) time.Duration { return paceTTL })}
}

// Upsert implements domain.PaceStore.
func (r *Paces) Upsert(ctx context.Context, id string, change func(*domain.Pace) error) error {
	_, err := r.paces.Upsert(ctx, id, change)
	return err
}
