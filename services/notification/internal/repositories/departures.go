package repositories

import (
	"context"
	"time"

	"stoa/pkg/departures"
	"stoa/pkg/sidecar"
	"stoa/services/notification/internal/domain"
)

// giveUpTime is how long a departure is known that cannot be settled, because of a defect.
const giveUpTime = 24 * time.Hour

// Departures implements domain.Departures.
type Departures struct {
	*departures.Tombstones
	latest *departures.Latest
}

// NewDepartures returns the departures in the store behind a sidecar.
func NewDepartures(s *sidecar.Sidecar) *Departures {
	return &Departures{departures.NewTombstones(s, store), departures.NewLatest(s, store, giveUpTime)}
}

var _ domain.Departures = (*Departures)(nil)

// Leave implements domain.Departures.
func (r *Departures) Leave(ctx context.Context, accountID string) error {
	if err := r.Tombstones.Leave(ctx, accountID); err != nil {
		return err
	}
	return r.latest.Note(ctx, departures.Departure{ID: accountID})
}

// Recent implements domain.Departures.
func (r *Departures) Recent(ctx context.Context) (map[string]time.Time, error) {
	found, err := r.latest.Recent(ctx)
	recent := make(map[string]time.Time, len(found))
	for id, d := range found {
		recent[id] = d.NotedAt
	}
	return recent, err
}

// Settle implements domain.Departures.
func (r *Departures) Settle(ctx context.Context, accountIDs []string) error {
	return r.latest.Settle(ctx, accountIDs)
}
