package repositories

import (
	"context"

	"stoa/pkg/common/errs"
	"stoa/pkg/sidecar"
	"stoa/services/auth/internal/domain"
)

// APIKeys keeps API keys.
type APIKeys struct {
	keys *sidecar.Documents[domain.APIKey]
}

// NewAPIKeys returns the API keys behind a sidecar.
func NewAPIKeys(s *sidecar.Sidecar) *APIKeys {
	return &APIKeys{sidecar.NewDocuments[domain.APIKey](s, store, "apikey")}
}

// Ensure stores a key unless it is there already.
func (r *APIKeys) Ensure(ctx context.Context, key domain.APIKey) error {
	err := r.keys.Create(ctx, key.ID, key, 0)
	if errs.Is(err, errs.Conflict) {
		return nil
	}
	return err
}

// Find returns the key with this id, or errs.NotFound.
func (r *APIKeys) Find(ctx context.Context, id string) (domain.APIKey, error) {
	key, err := r.keys.Get(ctx, id)
	return key.Value, err
}
