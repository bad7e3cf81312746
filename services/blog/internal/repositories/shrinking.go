package repositories

import (
	"context"
	"errors"
	"maps"
	"time"

	"stoa/pkg/sidecar"
)

const (
	// shrinkTime is for how long a list is compacted after something has left it: a compaction removes what the one before has
	// seen, and they are two minutes apart (components/topology.yaml).
	shrinkTime = 8 * time.Minute
	// noteTime is how exact the times are. So people who are busy at once seldom write the same document.
	noteTime = time.Minute
	// maxShrinking is how many lists are compacted at a time. The others wait until something leaves them again.
	maxShrinking = 500
	// compactTime bounds one run, because the lists of all kinds are compacted within one request (web.OnSchedule).
	compactTime = 2 * time.Second
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
		if d.Lists == nil {
			d.Lists = map[string]time.Time{}
		}
		now := time.Now().UTC().Truncate(noteTime)
		for _, list := range lists {
			if _, known := d.Lists[list]; known || len(d.Lists) < maxShrinking {
				d.Lists[list] = now
			}
		}
		return nil
	})
}

// compact calls compact for each list that something has left lately, in random order, until the time is over: the next run may
// come to the others.
func (s *shrinking) compact(ctx context.Context, compact func(ctx context.Context, list string) error) error {
	found, err := s.documents.Find(ctx, s.id)
	if err != nil || !found.Exists() {
		return err
	}
	var failed error
	end := time.Now().Add(compactTime)
	for list := range found.Value.Lists {
		if time.Now().After(end) {
			break
		}
		failed = errors.Join(failed, compact(ctx, list))
	}
	_, err = s.documents.Upsert(ctx, s.id, func(d *shrunk) error {
		maps.DeleteFunc(d.Lists, func(_ string, left time.Time) bool { return time.Since(left) > shrinkTime })
		return nil
	})
	return errors.Join(failed, err)
}
