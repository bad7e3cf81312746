package repositories

import (
	"context"

	"stoa/pkg/common/errs"
	"stoa/pkg/sidecar"
	"stoa/services/auth/internal/domain"
)

// allKeys is the one list of API keys.
const allKeys = "all"

// APIKeys implements domain.APIKeyStore: a document for each key, and a list.
type APIKeys struct {
	*sidecar.Documents[domain.APIKey]
	lists *sidecar.Lists[domain.APIKey]
}

// NewAPIKeys returns the API keys behind a sidecar.
func NewAPIKeys(s *sidecar.Sidecar) *APIKeys {
	keys := sidecar.NewDocuments[domain.APIKey](s, store, "apikey")
	return &APIKeys{Documents: keys, lists: sidecar.NewLists(keys, "apikeys")}
}

// Create implements domain.APIKeyStore. The list comes first, so that every key is listed.
func (r *APIKeys) Create(ctx context.Context, key domain.APIKey, still func(*domain.APIKey) error) error {
	stored, err := r.Find(ctx, key.ID)
	switch {
	case err != nil:
		return err
	case stored.Exists():
		return errs.New(errs.Conflict, "there is already an API key with this id")
	}
	if err := r.lists.Add(ctx, allKeys, key.ID); err != nil {
		return err
	}
	if err := still(&key); err != nil {
		return err
	}
	return r.Documents.Create(ctx, key.ID, key, 0)
}

// Get implements domain.APIKeyStore.
func (r *APIKeys) Get(ctx context.Context, id string) (domain.APIKey, error) {
	key, err := r.Documents.Get(ctx, id)
	return key.Value, err
}

// List implements domain.APIKeyStore.
func (r *APIKeys) List(ctx context.Context, cursor string, limit int) ([]domain.APIKey, string, error) {
	return r.lists.Page(ctx, allKeys, cursor, limit, nil)
}
