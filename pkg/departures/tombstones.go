package departures

import (
	"context"
	"time"

	"stoa/pkg/sidecar"
)

// tombstoneTTL is longer than a broker keeps events.
const tombstoneTTL = 31 * 24 * time.Hour

// Tombstones are a document for each account that was deleted.
type Tombstones struct{ documents *sidecar.Documents[tombstone] }

type tombstone struct {
	At time.Time `json:"at"`
}

// NewTombstones returns the tombstones in a store.
func NewTombstones(s *sidecar.Sidecar, store string) *Tombstones {
	return &Tombstones{sidecar.Expiring(s, store, "left", func(tombstone) time.Duration { return tombstoneTTL })}
}

// Leave notes that an account was deleted.
func (t *Tombstones) Leave(ctx context.Context, accountID string) error {
	_, err := t.documents.Upsert(ctx, accountID, func(stored *tombstone) error {
		if stored.At.IsZero() {
			stored.At = time.Now().UTC()
		}
		return nil
	})
	return err
}

// Left returns those of these ids whose accounts were deleted within a month: longer than a broker keeps events about them.
func (t *Tombstones) Left(ctx context.Context, ids []string) ([]string, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	found, err := t.documents.GetEach(ctx, ids)
	left := make([]string, len(found))
	for i, d := range found {
		left[i] = d.ID
	}
	return left, err
}
