package repositories

import (
	"context"
	"maps"
	"slices"
	"time"

	"stoa/pkg/sidecar"
	"stoa/services/notification/internal/domain"
)

const (
	// departureTTL is longer than a broker keeps events.
	departureTTL = 31 * 24 * time.Hour
	// sweepTime is longer than anything takes that has begun before an account left.
	sweepTime = 5 * time.Minute
)

// Departures implements domain.Departures: a document for each account that was deleted, and one with the latest of them.
type Departures struct {
	left   *sidecar.Documents[departure]
	recent *sidecar.Documents[departed]
}

// departure says that an account was deleted.
type departure struct {
	At time.Time `json:"at"`
}

// departed says when accounts were deleted.
type departed struct {
	ByID map[string]time.Time `json:"byId"`
}

// NewDepartures returns the departures in the store behind a sidecar.
func NewDepartures(s *sidecar.Sidecar) *Departures {
	return &Departures{
		left:   sidecar.Expiring(s, store, "left", func(departure) time.Duration { return departureTTL }),
		recent: sidecar.NewDocuments[departed](s, store, "leaving"),
	}
}

var _ domain.Departures = (*Departures)(nil)

// Leave implements domain.Departures.
func (r *Departures) Leave(ctx context.Context, accountID string) error {
	now := time.Now().UTC()
	left, err := r.left.Upsert(ctx, accountID, func(d *departure) error {
		if d.At.IsZero() {
			d.At = now
		}
		return nil
	})
	if err != nil || now.Sub(left.At) > sweepTime {
		return err
	}
	_, err = r.recent.Upsert(ctx, everyone, func(d *departed) error {
		if d.ByID == nil {
			d.ByID = map[string]time.Time{}
		}
		maps.DeleteFunc(d.ByID, func(_ string, at time.Time) bool { return now.Sub(at) > sweepTime })
		d.ByID[accountID] = left.At
		return nil
	})
	return err
}

// Left implements domain.Departures.
func (r *Departures) Left(ctx context.Context, ids []string) ([]string, error) {
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

// Recent implements domain.Departures.
func (r *Departures) Recent(ctx context.Context) ([]string, error) {
	found, err := r.recent.Find(ctx, everyone)
	maps.DeleteFunc(found.Value.ByID, func(_ string, at time.Time) bool { return time.Since(at) > sweepTime })
	return slices.Sorted(maps.Keys(found.Value.ByID)), err
}
