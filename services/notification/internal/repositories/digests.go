package repositories

import (
	"context"

	"stoa/pkg/sidecar"
	"stoa/services/notification/internal/domain"
)

// Digests implements domain.DigestStore: a document for each account that ever waited for a digest, and a list of those that wait.
type Digests struct {
	documents *sidecar.Documents[domain.Digest]
	lists     *sidecar.Lists[domain.Digest]
	// adding is full while the list is written: an event may make many accounts wait, and their writes would get in each other's way.
	adding chan struct{}
}

// NewDigests returns the digests in the store behind a sidecar.
func NewDigests(s *sidecar.Sidecar) *Digests {
	documents := sidecar.NewDocuments[domain.Digest](s, store, "digest")
	return &Digests{documents, sidecar.NewLists(documents, "digests"), make(chan struct{}, 1)}
}

// waiting is the list of those that wait.
const waiting = "waiting"

// Get implements domain.DigestStore.
func (r *Digests) Get(ctx context.Context, accountID string) (domain.Digest, error) {
	found, err := r.documents.Find(ctx, accountID)
	return found.Value, err
}

// Upsert implements domain.DigestStore. The list comes before the document, so that every digest that waits is listed.
func (r *Digests) Upsert(ctx context.Context, accountID string, change func(*domain.Digest) error) (domain.Digest, error) {
	return r.documents.Upsert(ctx, accountID, func(d *domain.Digest) error {
		before := d.Waits()
		d.ID = accountID
		if err := change(d); err != nil || before || !d.Waits() {
			return err
		}
		r.adding <- struct{}{}
		defer func() { <-r.adding }()
		return r.lists.Add(ctx, waiting, accountID)
	})
}

// Waiting implements domain.DigestStore.
func (r *Digests) Waiting(ctx context.Context, cursor string, limit int) ([]domain.Digest, string, error) {
	return r.lists.Page(ctx, waiting, cursor, limit, waits)
}

func waits(d domain.Digest) bool { return d.Waits() }

// Tidy implements domain.DigestStore.
func (r *Digests) Tidy(ctx context.Context) error { return r.lists.Compact(ctx, waiting, waits) }
