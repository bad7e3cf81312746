package repositories

import (
	"context"
	"time"

	"stoa/pkg/departures"
	"stoa/pkg/sidecar"
	"stoa/services/blog/internal/domain"
)

// giveUpTime is how long a departure is known that cannot be settled, because of a defect.
const giveUpTime = 24 * time.Hour

// keptPosts is what a departure says of posts that stay.
const keptPosts = "keep"

// Departures implements domain.Departures.
type Departures struct{ latest *departures.Latest }

// NewDepartures returns the departures in the sidecar's store.
func NewDepartures(s *sidecar.Sidecar) *Departures {
	return &Departures{departures.NewLatest(s, store, giveUpTime)}
}

// Note implements domain.Departures.
func (r *Departures) Note(ctx context.Context, d domain.Departure) error {
	noted := departures.Departure{ID: d.AccountID, At: d.At}
	if d.KeepPosts {
		noted.Posts = keptPosts
	}
	return r.latest.Note(ctx, noted)
}

// Recent implements domain.Departures.
func (r *Departures) Recent(ctx context.Context) ([]domain.Departure, error) {
	found, err := r.latest.Recent(ctx)
	var recent []domain.Departure
	for id, d := range found {
		recent = append(recent, domain.Departure{AccountID: id, KeepPosts: d.Posts == keptPosts, At: d.At, NotedAt: d.NotedAt})
	}
	return recent, err
}

// Settle implements domain.Departures.
func (r *Departures) Settle(ctx context.Context, accountIDs []string) error {
	return r.latest.Settle(ctx, accountIDs)
}
