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
	keys  *sidecar.Documents[domain.APIKey]
	lists *sidecar.Index
}

// NewAPIKeys returns the API keys behind a sidecar.
func NewAPIKeys(s *sidecar.Sidecar) *APIKeys {
	return &APIKeys{
		keys:  sidecar.NewDocuments[domain.APIKey](s, store, "apikey"),
		lists: sidecar.NewIndex(s, store, "apikeys"),
	}
}

// Create implements domain.APIKeyStore. The list comes first, so that every key is listed; List skips an id without a key,
// which a crash may leave behind.
func (r *APIKeys) Create(ctx context.Context, key domain.APIKey) error {
	stored, err := r.keys.Find(ctx, key.ID)
	switch {
	case err != nil:
		return err
	case stored.Exists():
		return errs.New(errs.Conflict, "there is already an API key with this id")
	}
	if err := r.lists.Add(ctx, allKeys, key.ID); err != nil {
		return err
	}
	return r.keys.Create(ctx, key.ID, key, 0)
}

// Find implements domain.APIKeyStore.
func (r *APIKeys) Find(ctx context.Context, id string) (domain.APIKey, error) {
	key, err := r.keys.Get(ctx, id)
	return key.Value, err
}

// Update implements domain.APIKeyStore.
func (r *APIKeys) Update(ctx context.Context, id string, change func(*domain.APIKey)) (domain.APIKey, error) {
	return r.keys.Update(ctx, id, func(key *domain.APIKey) error {
		change(key)
		return nil
	})
}

// List implements domain.APIKeyStore.
func (r *APIKeys) List(ctx context.Context, cursor string, limit int) ([]domain.APIKey, string, error) {
	from, err := sidecar.ParseCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	hints, next, err := r.lists.Read(ctx, allKeys, from, limit)
	if err != nil {
		return nil, "", err
	}
	documents, err := r.keys.GetMany(ctx, hints)
	if err != nil {
		return nil, "", err
	}
	keys := make([]domain.APIKey, len(documents))
	for i, document := range documents {
		keys[i] = document.Value
	}
	return keys, next.String(), nil
}
