package repositories

import (
	"context"
	"strconv"

	"stoa/pkg/common/errs"
	"stoa/pkg/sidecar"
	"stoa/services/blog/internal/domain"
)

// Revisions implements domain.RevisionStore: a document for each revision, and a list for each post.
type Revisions struct {
	revisions *sidecar.Documents[domain.Revision]
	lists     *sidecar.Lists[domain.Revision]
}

// NewRevisions returns the revisions in the sidecar's store.
func NewRevisions(s *sidecar.Sidecar) *Revisions {
	revisions := sidecar.NewDocuments[domain.Revision](s, store, "revision")
	return &Revisions{revisions, sidecar.NewLists(revisions, "revisions")}
}

func numbered(postID string, number int64) string {
	return postID + "." + strconv.FormatInt(number, 10)
}

// Save implements domain.RevisionStore.
func (r *Revisions) Save(ctx context.Context, revision domain.Revision) error {
	id := numbered(revision.PostID, revision.Number)
	if err := r.lists.Add(ctx, revision.PostID, id); err != nil {
		return err
	}
	err := r.revisions.Create(ctx, id, revision, 0)
	if errs.Is(err, errs.Conflict) { // it was stored before
		return nil
	}
	return err
}

// Get implements domain.RevisionStore.
func (r *Revisions) Get(ctx context.Context, postID string, number int64) (domain.Revision, error) {
	found, err := r.revisions.Get(ctx, numbered(postID, number))
	return found.Value, err
}

// Erase implements domain.RevisionStore.
func (r *Revisions) Erase(ctx context.Context, postID string, number int64) error {
	return erase(ctx, r.revisions, numbered(postID, number))
}

// erase deletes a document, if it is there. It hardly ever changes.
func erase[T any](ctx context.Context, documents *sidecar.Documents[T], id string) error {
	found, err := documents.Find(ctx, id)
	if err != nil || !found.Exists() {
		return err
	}
	return documents.Delete(ctx, found)
}

// List implements domain.RevisionStore.
func (r *Revisions) List(ctx context.Context, postID, cursor string, limit int) ([]domain.Revision, string, error) {
	return r.lists.Page(ctx, postID, cursor, limit, nil)
}
