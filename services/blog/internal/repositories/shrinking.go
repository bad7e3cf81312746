package repositories

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"stoa/pkg/sidecar"
)

const (
	// shrinkTime is for how long a list is compacted after something has left it: a compaction removes what the one before has
	// seen, and they are two minutes apart (components/topology.yaml).
	shrinkTime = 7 * time.Minute
	// maxShrinking is how many lists are compacted at a time. The others wait until something leaves them again.
	maxShrinking = 500
)

// shrinking knows which lists something has left lately: there are too many lists to compact them all. It is a hint. What it
// misses stays on a list until something else leaves that.
type shrinking struct {
	documents *sidecar.Documents[shrunk]
	id        string
}

// shrunk says when something left a list.
type shrunk struct {
	Lists map[string]time.Time `json:"lists"`
}

// newShrinking returns the memory of one kind of lists: one document.
func newShrinking(s *sidecar.Sidecar, lists string) *shrinking {
	return &shrinking{sidecar.NewDocuments[shrunk](s, store, "shrinking"), lists}
}

// note remembers that something has left these lists.
func (s *shrinking) note(ctx context.Context, lists []string) {
	if len(lists) == 0 {
		return
	}
	_, _ = s.documents.Upsert(ctx, s.id, func(d *shrunk) error {
		for _, list := range lists {
			if d.Lists == nil {
				d.Lists = map[string]time.Time{}
			}
			if _, known := d.Lists[list]; known || len(d.Lists) < maxShrinking {
				d.Lists[list] = time.Now().UTC().Truncate(time.Second)
			}
		}
		return nil
	})
}

// compact calls compact for each list that something has left lately.
func (s *shrinking) compact(ctx context.Context, compact func(ctx context.Context, list string) error) error {
	found, err := s.documents.Find(ctx, s.id)
	if err != nil {
		return err
	}
	var failed error
	for _, list := range slices.Sorted(maps.Keys(found.Value.Lists)) {
		failed = errors.Join(failed, compact(ctx, list))
	}
	if failed != nil || !found.Exists() {
		return failed
	}
	_, err = s.documents.Upsert(ctx, s.id, func(d *shrunk) error {
		maps.DeleteFunc(d.Lists, func(_ string, left time.Time) bool { return time.Since(left) > shrinkTime })
		return nil
	})
	return err
}
