// Package repositories stores the blog in the state store of the service.
package repositories

import (
	"context"
	"slices"
	"strings"

	"stoa/pkg/observability"
	"stoa/pkg/sidecar"
	"stoa/services/blog/internal/domain"
)

// store is the name of the state store component.
const store = "blog-store"

// Posts implements domain.PostStore: a document for each post, and the lists that posts belong to.
type Posts struct {
	*collection[domain.Post]
	outcomes observability.Outcomes
}

// NewPosts returns the posts in the sidecar's store.
func NewPosts(s *sidecar.Sidecar) *Posts {
	return &Posts{
		newCollection(s, "post", "posts", (*domain.Post).Lists, domain.NotFound),
		observability.NewOutcomes("stoa.posts", "Posts that were submitted, published, refused or unpublished",
			outcomeOf(domain.PostSubmitted), outcomeOf(domain.PostPublished), outcomeOf(domain.PostRefused), outcomeOf(domain.PostUnpublished)),
	}
}

// outcomeOf is the last word of a type.
func outcomeOf(e domain.EventType) string { return strings.TrimPrefix(string(e), "post.") }

// Update implements domain.PostStore. It counts what the change announces.
func (r *Posts) Update(ctx context.Context, id string, change func(*domain.Post) error) (domain.Post, error) {
	var before []domain.Event
	post, err := r.collection.Update(ctx, id, func(p *domain.Post) error {
		before = slices.Clone(p.Events)
		return change(p)
	})
	for _, e := range post.Events {
		if err == nil && !slices.Contains(before, e) {
			r.outcomes.Add(ctx, outcomeOf(e.Type))
		}
	}
	return post, err
}

// Create implements domain.PostStore.
func (r *Posts) Create(ctx context.Context, post domain.Post) (domain.Post, error) {
	return r.create(ctx, post.ID, post)
}

// List implements domain.PostStore.
func (r *Posts) List(ctx context.Context, list, cursor string, limit int) ([]domain.Post, string, error) {
	return r.lists.Page(ctx, list, cursor, limit, r.on(list))
}

// Part implements domain.PostStore.
func (r *Posts) Part(ctx context.Context, list string, n, size int64) ([]domain.Post, error) {
	return r.lists.Part(ctx, list, n, size, r.on(list))
}

// Parts implements domain.PostStore.
func (r *Posts) Parts(ctx context.Context, list string, size int64) (int64, error) {
	return r.lists.Parts(ctx, list, size)
}
