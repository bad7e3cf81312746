package search

import (
	"context"
	"errors"
	"iter"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
)

// Source returns all documents of an index, and about how many there are. It reads them while they are taken.
type Source func(ctx context.Context) (total int, documents iter.Seq2[Document, error], err error)

// Work does what has to be done now and then: it merges segments, and carries out the rebuild that somebody has asked for, with what
// the source has. Call it every few seconds, in each replica, outside of requests: with 100,000 documents a rebuild takes minutes, and
// so does a merge once in a while. It does no harm to end it: what it has not finished begins again, here or elsewhere.
func (x *Index) Work(ctx context.Context, source Source) error {
	return errors.Join(x.Maintain(ctx), x.rebuildIfAsked(ctx, source))
}

// rebuildIfAsked rebuilds the index if somebody waits for that, and nobody is at it.
func (x *Index) rebuildIfAsked(ctx context.Context, source Source) error {
	document, err := x.manifests.Find(ctx, x.name)
	if m := document.Value; err != nil || !m.Asked.pending() || m.Rebuild != nil && !m.Rebuild.dead(time.Now()) {
		return err
	}
	total, documents, err := source(ctx)
	if err != nil {
		return err
	}
	if err := x.Rebuild(ctx, total, documents); !errs.Is(err, errs.Conflict) {
		return err
	}
	return nil // another replica was quicker, or has taken over because this one was asleep
}

// asked is a rebuild that somebody asked for. It begins again as often as the process dies that does it.
type asked struct {
	ID      string    `json:"id"`
	At      time.Time `json:"at"`
	EndedAt time.Time `json:"endedAt,omitzero"`
	// Indexed and By are how many documents there were when it ended, and the id of the Rebuild that did it.
	Indexed int    `json:"indexed,omitempty"`
	By      string `json:"by,omitempty"`
}

// pending reports whether somebody waits for its end.
func (a *asked) pending() bool { return a != nil && a.EndedAt.IsZero() }

// ask notes that somebody wants a rebuild, unless one is pending.
func (m *manifest) ask(id string, now time.Time) {
	if !m.Asked.pending() {
		m.Asked = &asked{ID: id, At: now.UTC()}
	}
}

// The states of a Rebuild.
const (
	Waiting = "waiting"
	Running = "running"
	Done    = "done"
)

// Rebuild is a rebuild that somebody asked for, as operators see it.
type Rebuild struct {
	ID      string     `json:"id" format:"uuid"`
	State   string     `json:"state" enum:"waiting,running,done"`
	Indexed int        `json:"indexed" doc:"How many documents the new index has"`
	Total   int        `json:"total" doc:"About how many it will have, once the rebuild is running"`
	At      time.Time  `json:"at"`
	EndedAt *time.Time `json:"endedAt,omitempty"`
}

// shown returns the latest rebuild, as it is now.
func (m *manifest) shown() Rebuild {
	if m.Asked == nil {
		return Rebuild{}
	}
	r := Rebuild{ID: m.Asked.ID, State: Waiting, At: m.Asked.At}
	switch {
	case !m.Asked.pending():
		r.State, r.Indexed, r.Total, r.EndedAt = Done, m.Asked.Indexed, m.Asked.Indexed, &m.Asked.EndedAt
	case m.Rebuild != nil:
		r.State, r.Indexed, r.Total = Running, m.Rebuild.Indexed, m.Rebuild.Total
	}
	return r
}

// AskRebuild makes Work rebuild the index, in any replica, and returns how far that is. While a rebuild is pending, it is the same
// one.
func (x *Index) AskRebuild(ctx context.Context) (Rebuild, error) {
	id := ids.New()
	m, err := x.manifests.Upsert(ctx, x.name, func(m *manifest) error {
		m.ask(id, time.Now())
		return nil
	})
	return m.shown(), err
}

// LatestRebuild returns how far the rebuild is that was asked for last. It fails with errs.NotFound if there was none.
func (x *Index) LatestRebuild(ctx context.Context) (Rebuild, error) {
	document, err := x.manifests.Find(ctx, x.name)
	if err == nil && document.Value.Asked == nil {
		err = errs.New(errs.NotFound, "nobody has asked for a rebuild of the search index")
	}
	return document.Value.shown(), err
}
