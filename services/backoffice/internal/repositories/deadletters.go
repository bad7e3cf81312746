package repositories

import (
	"context"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/departures"
	"stoa/pkg/observability"
	"stoa/pkg/sidecar"
	"stoa/services/backoffice/internal/domain"
)

// all is the one list of dead letters.
const all = "all"

// DeadLetters stores one document for each dead letter.
type DeadLetters struct {
	*sidecar.Documents[domain.DeadLetter]
	*departures.Tombstones
	lists  *sidecar.Lists[domain.DeadLetter]
	looked *sidecar.Documents[looked]
	// waiting shows how many nobody has replayed or deleted.
	waiting observability.Gauge
}

// looked says how many parts of the letters have been looked through for an account that was deleted.
type looked struct {
	Parts int64 `json:"parts"`
}

// lookedTTL is longer than a broker tries an event again.
const lookedTTL = 31 * 24 * time.Hour

// NewDeadLetters returns the dead letters in the sidecar's store.
func NewDeadLetters(s *sidecar.Sidecar) *DeadLetters {
	documents := sidecar.NewDocuments[domain.DeadLetter](s, store, "dead-letter")
	return &DeadLetters{
		Documents: documents, Tombstones: departures.NewTombstones(s, store), lists: sidecar.NewLists(documents, "dead-letter-list"),
		looked:  sidecar.Expiring(s, store, "looked", func(looked) time.Duration { return lookedTTL }),
		waiting: observability.NewGauge("stoa.dead.letters.waiting", "Dead letters that nobody has replayed or deleted, of the newest thousand"),
	}
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

// List returns a page of the letters that match, newest first.
func (r *DeadLetters) List(
	ctx context.Context, cursor string, limit int, match func(domain.DeadLetter) bool,
) ([]domain.DeadLetter, string, error) {
	return r.lists.Page(ctx, all, cursor, limit, match)
}

// The newest letters are counted, some at a time: as many as the staff would ever look at.
const countPages, countPage = 10, 100

// Measure counts the letters that wait for the staff. If the store does not answer, the former number stays: other metrics show that.
func (r *DeadLetters) Measure(ctx context.Context) {
	waiting, cursor := 0, ""
	for range countPages {
		letters, next, err := r.List(ctx, cursor, countPage, func(l domain.DeadLetter) bool { return len(l.Replays) == 0 })
		if err != nil {
			return
		}
		waiting += len(letters)
		if cursor = next; cursor == "" {
			break
		}
	}
	r.waiting.Set(ctx, waiting)
}

// lookPart is how many letters are looked at before the place is stored.
const lookPart = 100

// LookFor implements domain.DeadLetterRepository. Nothing is stored for a few letters.
func (r *DeadLetters) LookFor(ctx context.Context, accountID string, look func([]domain.DeadLetter) error) error {
	before, err := r.looked.Find(ctx, accountID)
	if err != nil {
		return err
	}
	parts, err := r.lists.Parts(ctx, all, lookPart)
	for n := before.Value.Parts; err == nil && n < parts; n++ {
		err = r.lookAt(ctx, n, look)
		if err == nil && n+1 < parts {
			_, err = r.looked.Upsert(ctx, accountID, func(l *looked) error { l.Parts = n + 1; return nil })
		}
	}
	return err
}

func (r *DeadLetters) lookAt(ctx context.Context, part int64, look func([]domain.DeadLetter) error) error {
	letters, err := r.lists.Part(ctx, all, part, lookPart, nil)
	if err != nil {
		return err
	}
	return look(letters)
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
