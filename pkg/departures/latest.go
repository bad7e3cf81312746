package departures

import (
	"context"
	"maps"
	"time"

	"stoa/pkg/sidecar"
)

// Latest has the latest departures, in one document: what is stored at the very moment, by those who have read before, is to be
// looked for again.
type Latest struct {
	documents *sidecar.Documents[latest]
	keep      time.Duration
}

type latest struct {
	ByID map[string]Departure `json:"byId"`
}

// all is the id of the document.
const all = "all"

// NewLatest returns the latest departures in a store. Each is known for this long, unless it is settled before.
func NewLatest(s *sidecar.Sidecar, store string, keep time.Duration) *Latest {
	return &Latest{sidecar.NewDocuments[latest](s, store, "leaving"), keep}
}

// Note adds a departure, unless it is known.
func (l *Latest) Note(ctx context.Context, d Departure) error {
	d.NotedAt = time.Now().UTC()
	_, err := l.documents.Upsert(ctx, all, func(stored *latest) error {
		if stored.ByID == nil {
			stored.ByID = map[string]Departure{}
		}
		l.drop(stored.ByID)
		if _, known := stored.ByID[d.ID]; !known {
			stored.ByID[d.ID] = d
		}
		return nil
	})
	return err
}

// Recent returns the departures that are known, by account.
func (l *Latest) Recent(ctx context.Context) (map[string]Departure, error) {
	found, err := l.documents.Find(ctx, all)
	l.drop(found.Value.ByID)
	return found.Value.ByID, err
}

// drop removes what is older than a departure is known.
func (l *Latest) drop(byID map[string]Departure) {
	maps.DeleteFunc(byID, func(_ string, d Departure) bool { return time.Since(d.NotedAt) > l.keep })
}

// Settle removes the departures of these accounts: a look that began long enough after them has come to its end.
func (l *Latest) Settle(ctx context.Context, accountIDs []string) error {
	if len(accountIDs) == 0 {
		return nil
	}
	_, err := l.documents.Upsert(ctx, all, func(stored *latest) error {
		for _, id := range accountIDs {
			delete(stored.ByID, id)
		}
		return nil
	})
	return err
}
