package repositories

import (
	"context"
	"iter"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/sidecar"
	"stoa/services/backoffice/internal/domain"
)

// all is the one list of dead letters.
const all = "all"

// DeadLetters stores one document for each dead letter.
type DeadLetters struct {
	*sidecar.Documents[domain.DeadLetter]
	lists *sidecar.Lists[domain.DeadLetter]
	left  *sidecar.Documents[departure]
}

// departure says that an account was deleted.
type departure struct {
	At time.Time `json:"at"`
}

// departureTTL is longer than a broker keeps events.
const departureTTL = 31 * 24 * time.Hour

// NewDeadLetters returns the dead letters in the sidecar's store.
func NewDeadLetters(s *sidecar.Sidecar) *DeadLetters {
	documents := sidecar.NewDocuments[domain.DeadLetter](s, store, "dead-letter")
	left := sidecar.Expiring(s, store, "left", func(departure) time.Duration { return departureTTL })
	return &DeadLetters{Documents: documents, lists: sidecar.NewLists(documents, "dead-letter-list"), left: left}
}

// Add stores a letter, unless it is stored already.
func (r *DeadLetters) Add(ctx context.Context, letter domain.DeadLetter) error {
	if err := r.Create(ctx, letter.ID, letter, 0); err != nil && !errs.Is(err, errs.Conflict) {
		return err
	}
	return r.lists.Add(ctx, all, letter.ID)
}

// Get returns a letter, or errs.NotFound.
func (r *DeadLetters) Get(ctx context.Context, id string) (domain.DeadLetter, error) {
	document, err := r.Documents.Get(ctx, id)
	return document.Value, err
}

// List returns a page of the letters, newest first.
func (r *DeadLetters) List(ctx context.Context, cursor string, limit int) ([]domain.DeadLetter, string, error) {
	return r.lists.Page(ctx, all, cursor, limit, nil)
}

// All yields all letters, and misses none.
func (r *DeadLetters) All(ctx context.Context) iter.Seq2[[]domain.DeadLetter, error] {
	return r.lists.Batches(ctx, all, sidecar.Once, nil)
}

// Delete removes a letter: errs.NotFound if there is no such letter, errs.Conflict if it was changed at the same time.
func (r *DeadLetters) Delete(ctx context.Context, id string) error {
	document, err := r.Documents.Get(ctx, id)
	if err != nil {
		return err
	}
	return r.Documents.Delete(ctx, document)
}

// Compact takes deleted letters off the list.
func (r *DeadLetters) Compact(ctx context.Context) error {
	return r.lists.Compact(ctx, all, func(domain.DeadLetter) bool { return true })
}

// Leave implements domain.DeadLetterRepository.
func (r *DeadLetters) Leave(ctx context.Context, accountID string) error {
	_, err := r.left.Upsert(ctx, accountID, func(d *departure) error {
		if d.At.IsZero() {
			d.At = time.Now().UTC()
		}
		return nil
	})
	return err
}

// Left implements domain.DeadLetterRepository.
func (r *DeadLetters) Left(ctx context.Context, ids []string) ([]string, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	found, err := r.left.GetEach(ctx, ids)
	left := make([]string, len(found))
	for i, d := range found {
		left[i] = d.ID
	}
	return left, err
}
