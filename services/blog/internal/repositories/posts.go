// Package repositories stores the blog in the state store of the service.
package repositories

import (
	"context"

	"stoa/pkg/sidecar"
	"stoa/services/blog/internal/domain"
)

// store is the name of the state store component.
const store = "blog-store"

// Posts implements domain.PostStore: a document for each post, and the lists that posts belong to.
type Posts struct{ *collection[domain.Post] }

// NewPosts returns the posts in the sidecar's store.
func NewPosts(s *sidecar.Sidecar) *Posts {
	return &Posts{newCollection(s, "post", "posts", (*domain.Post).Lists, domain.NotFound)}
}

// Create implements domain.PostStore.
func (r *Posts) Create(ctx context.Context, post domain.Post) (domain.Post, error) {
	return r.create(ctx, post.ID, post)
}

// List implements domain.PostStore.
func (r *Posts) List(ctx context.Context, list, cursor string, limit int) ([]domain.Post, string, error) {
	return r.lists.Page(ctx, list, cursor, limit, r.on(list))
}
