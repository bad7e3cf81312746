package repositories

import (
	"context"
	"sync/atomic"

	"stoa/pkg/common/ids"
	"stoa/pkg/sidecar"
)

// Blog implements domain.BlogStore: a document that never changes, and that is read once.
type Blog struct {
	blogs *sidecar.Documents[blog]
	known atomic.Pointer[string]
}

type blog struct {
	ID string `json:"id"`
}

// NewBlog returns the blog in the sidecar's store.
func NewBlog(s *sidecar.Sidecar) *Blog {
	return &Blog{blogs: sidecar.NewDocuments[blog](s, store, "blog")}
}

// ID implements domain.BlogStore.
func (r *Blog) ID(ctx context.Context) (string, error) {
	if id := r.known.Load(); id != nil {
		return *id, nil
	}
	stored, err := r.blogs.Upsert(ctx, "this", func(b *blog) error {
		if b.ID == "" {
			b.ID = ids.New()
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	r.known.Store(&stored.ID)
	return stored.ID, nil
}
