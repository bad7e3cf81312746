package repositories

import (
	"context"
	"iter"
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

// Erase implements domain.RevisionStore. An empty document stays, so that a request that is late does not store the text again.
func (r *Revisions) Erase(ctx context.Context, postID string, number int64) error {
	_, err := r.revisions.Update(ctx, numbered(postID, number), func(stored *domain.Revision) error {
		stored.Content = domain.Content{}
		return nil
	})
	if errs.Is(err, errs.NotFound) {
		return nil
	}
	return err
}

// All implements domain.RevisionStore.
func (r *Revisions) All(ctx context.Context, postID string) iter.Seq2[[]domain.Revision, error] {
	return r.lists.Batches(ctx, postID, sidecar.Once, nil)
}

// List implements domain.RevisionStore.
func (r *Revisions) List(ctx context.Context, postID, cursor string, limit int) ([]domain.Revision, string, error) {
	return r.lists.Page(ctx, postID, cursor, limit, nil)
}
