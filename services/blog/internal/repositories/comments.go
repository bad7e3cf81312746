package repositories

import (
	"context"

	"stoa/pkg/sidecar"
	"stoa/services/blog/internal/domain"
)

// Comments implements domain.CommentStore: a document for each comment, and the lists that comments belong to.
type Comments struct{ *collection[domain.Comment] }

// NewComments returns the comments in the sidecar's store.
func NewComments(s *sidecar.Sidecar) *Comments {
	return &Comments{newCollection(s, "comment", "comments", (*domain.Comment).Lists, domain.NoComment)}
}

// Create implements domain.CommentStore.
func (r *Comments) Create(ctx context.Context, c domain.Comment) (domain.Comment, error) {
	return r.create(ctx, c.ID, c)
}

// GetMany implements domain.CommentStore.
func (r *Comments) GetMany(ctx context.Context, ids []string) ([]domain.Comment, error) {
	found, err := r.documents.GetEach(ctx, ids)
	comments := make([]domain.Comment, len(found))
	for i, d := range found {
		comments[i] = d.Value
	}
	return comments, err
}

// List implements domain.CommentStore.
func (r *Comments) List(
	ctx context.Context, list, cursor string, limit int, match func(domain.Comment) bool,
) ([]domain.Comment, string, error) {
	return r.lists.Page(ctx, list, cursor, limit, match)
}
