package repositories

import (
	"context"

	"stoa/pkg/sidecar"
	"stoa/services/blog/internal/domain"
)

// Authors implements domain.AuthorStore.
type Authors struct {
	authors *sidecar.Documents[domain.Author]
}

// NewAuthors returns the authors in the sidecar's store.
func NewAuthors(s *sidecar.Sidecar) *Authors { return &Authors{authors(s)} }

func authors(s *sidecar.Sidecar) *sidecar.Documents[domain.Author] {
	return sidecar.NewDocuments[domain.Author](s, store, "author")
}

// Get implements domain.AuthorStore.
func (r *Authors) Get(ctx context.Context, id string) (domain.Author, error) {
	found, err := r.authors.Find(ctx, id)
	found.Value.ID = id
	return found.Value, err
}

// GetMany implements domain.AuthorStore. It misses none: a follower that is not known is not told.
func (r *Authors) GetMany(ctx context.Context, ids []string) (map[string]domain.Author, error) {
	found, err := r.authors.GetEach(ctx, ids)
	byID := make(map[string]domain.Author, len(found))
	for _, d := range found {
		byID[d.ID] = d.Value
	}
	return byID, err
}

// Upsert implements domain.AuthorStore.
func (r *Authors) Upsert(ctx context.Context, id string, change func(*domain.Author) error) error {
	_, err := r.authors.Upsert(ctx, id, change)
	return err
}
