package repositories

import (
	"context"
	"maps"
	"time"

	"stoa/pkg/sidecar"
	"stoa/services/blog/internal/domain"
)

// Departures implements domain.Departures: one document.
type Departures struct {
	documents *sidecar.Documents[departed]
}

// departed has the departures by account.
type departed struct {
	ByID map[string]departure `json:"byId"`
}

type departure struct {
	KeepPosts bool `json:"keepPosts,omitempty"`
	// NotedAt is when the blog heard of it.
	NotedAt time.Time `json:"notedAt"`
}

func (d departure) old(now time.Time) bool { return now.Sub(d.NotedAt) > domain.LateTime }

// latest is the id of the document.
const latest = "latest"

// NewDepartures returns the departures in the sidecar's store.
func NewDepartures(s *sidecar.Sidecar) *Departures {
	return &Departures{sidecar.NewDocuments[departed](s, store, "leaving")}
}

// Note implements domain.Departures.
func (r *Departures) Note(ctx context.Context, d domain.Departure) error {
	now := time.Now().UTC()
	_, err := r.documents.Upsert(ctx, latest, func(all *departed) error {
		if all.ByID == nil {
			all.ByID = map[string]departure{}
		}
		maps.DeleteFunc(all.ByID, func(_ string, d departure) bool { return d.old(now) })
		if _, known := all.ByID[d.AccountID]; !known {
			all.ByID[d.AccountID] = departure{KeepPosts: d.KeepPosts, NotedAt: now}
		}
		return nil
	})
	return err
}

// Recent implements domain.Departures.
func (r *Departures) Recent(ctx context.Context) ([]domain.Departure, error) {
	found, err := r.documents.Find(ctx, latest)
	var recent []domain.Departure
	for id, d := range found.Value.ByID {
		if !d.old(time.Now()) {
			recent = append(recent, domain.Departure{AccountID: id, KeepPosts: d.KeepPosts})
		}
	}
	return recent, err
}
