package repositories

import (
	"context"
	"time"

	"stoa/pkg/common/ids"
	"stoa/pkg/sidecar"
	"stoa/services/web/internal/domain"
)

// cartTTL is how long a cart stays stored after its last change, whether or not its account still exists.
const cartTTL = 90 * 24 * time.Hour

// Carts implements domain.CartStore: a document for each account.
type Carts struct {
	documents *sidecar.Documents[domain.Cart]
}

// NewCarts returns the carts behind a sidecar.
func NewCarts(s *sidecar.Sidecar) *Carts {
	return &Carts{sidecar.Expiring(s, store, "cart", func(domain.Cart) time.Duration { return cartTTL })}
}

// Get implements domain.CartStore.
func (r *Carts) Get(ctx context.Context, accountID string) (domain.Cart, error) {
	found, err := r.documents.Find(ctx, accountID)
	return found.Value, err
}

// Update implements domain.CartStore.
func (r *Carts) Update(ctx context.Context, accountID string, change func(*domain.Cart) error) (domain.Cart, error) {
	first := ids.New()
	return r.documents.Upsert(ctx, accountID, func(cart *domain.Cart) error {
		if cart.ID == "" {
			cart.ID = first
		}
		return change(cart)
	})
}
