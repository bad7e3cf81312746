package repositories

import (
	"context"

	"stoa/pkg/common/errs"
	"stoa/pkg/sidecar"
	"stoa/services/auth/internal/domain"
)

// allKeys is the one list of API keys.
const allKeys = "all"

// APIKeys keeps API keys: one document for each, and a list of them.
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

// Create stores a new key: errs.Conflict if its id has one. It is put on the list first, so that there is no key that
// nobody sees; a list entry without a key, which is what a crash leaves, is passed over.
func (r *APIKeys) Create(ctx context.Context, key domain.APIKey) error {
	kept, err := r.keys.Find(ctx, key.ID)
	switch {
	case err != nil:
		return err
	case kept.Exists():
		return errs.New(errs.Conflict, "there is such an API key already")
	}
	if err := r.lists.Add(ctx, allKeys, key.ID); err != nil {
		return err
	}
	return r.keys.Create(ctx, key.ID, key, 0)
}

// Ensure stores a key unless it is there already.
func (r *APIKeys) Ensure(ctx context.Context, key domain.APIKey) error {
	if err := r.Create(ctx, key); !errs.Is(err, errs.Conflict) {
		return err
	}
	return nil
}

// Find returns the key with this id, or errs.NotFound.
func (r *APIKeys) Find(ctx context.Context, id string) (domain.APIKey, error) {
	key, err := r.keys.Get(ctx, id)
	return key.Value, err
}

// Update changes a key by a pure function, which may run again: errs.NotFound if there is none.
func (r *APIKeys) Update(ctx context.Context, id string, change func(*domain.APIKey)) (domain.APIKey, error) {
	return r.keys.Update(ctx, id, func(key *domain.APIKey) error {
		change(key)
		return nil
	})
}

// List returns a page of all keys, newest first, and the cursor of the next page, "" at the end.
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
