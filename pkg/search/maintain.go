package search

import (
	"context"
	"errors"
	"slices"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/search/internal/segment"
	"stoa/pkg/sidecar"
)

// Maintain merges segments until there are few, and deletes what nobody reads any more. Work calls it.
func (x *Index) Maintain(ctx context.Context) error {
	for {
		m, err := x.sweep(ctx)
		if err != nil {
			return err
		}
		merged, err := x.mergeSome(ctx, m)
		if err != nil || !merged {
			return err
		}
	}
}

// mergeSome does the merge that is due, the smallest first, unless there is none, or another replica does it.
func (x *Index) mergeSome(ctx context.Context, m manifest) (bool, error) {
	sources := m.plan()
	if len(sources) == 0 {
		return false, nil
	}
	err := x.merge(ctx, sources, "")
	if errs.Is(err, errs.Conflict) {
		return false, nil
	}
	return err == nil, err
}

// merge puts one segment in place of several, of which some may belong to a rebuild.
func (x *Index) merge(ctx context.Context, sources segments, rebuild string) error {
	var ids []string
	for _, r := range sources {
		ids = append(ids, r.ID)
	}
	w, err := x.begin(ctx, claim{Sources: ids, Rebuild: rebuild})
	if err == nil {
		err = w.merge(ctx, sources)
	}
	if errors.Is(err, errGone) {
		return x.lost(ctx, ids, err)
	}
	if errs.Is(err, errs.Unavailable) { // what is wrong with the sources is so the next time: they stay claimed, and others have their turn
		w.giveUp(ctx)
	}
	return err
}

// merge writes what some segments have, and then names that instead of them.
func (w *writing) merge(ctx context.Context, sources segments) error {
	heads, err := w.index.heads(ctx, sources)
	if err != nil {
		return err
	}
	err = w.write(ctx, func(to *segment.Writer) error {
		var from []segment.Source
		for i, r := range sources {
			from = append(from, w.index.source(ctx, r, heads[i]))
		}
		return segment.Merge(from, to)
	})
	if err != nil {
		return err
	}
	return w.commit(ctx, func(m *manifest) error { return m.merged(w.claim.Sources, w.ref, time.Now()) })
}

// lost returns what it means that a part of segments is gone: they were merged by somebody else, or the store has lost it.
func (x *Index) lost(ctx context.Context, ids []string, err error) error {
	document, failed := x.manifests.Find(ctx, x.name)
	if failed != nil {
		return failed
	}
	if document.Value.named(ids) {
		return errDamaged(err)
	}
	return errOvertaken
}

func errDamaged(cause error) error {
	return errs.Wrap(errs.Unavailable, cause, "the search index is damaged and has to be rebuilt")
}

// merged names a segment instead of its sources.
func (m *manifest) merged(ids []string, r ref, now time.Time) error {
	switch {
	case m.Segments.has(ids):
		_, sources := m.Segments.without(ids)
		m.Generation++
		m.replace(ids, now)
		r.Since, r.First = m.Generation, sources[0].First // a rebuild replaces all of them or none
		m.Segments = append(m.Segments, r)
	case m.Rebuild != nil && m.Rebuild.Segments.has(ids):
		others, sources := m.Rebuild.Segments.without(ids)
		m.Rebuild.Segments = append(others, r)
		m.doom(sources)
	default:
		return errOvertaken
	}
	return nil
}

// sweepTime is for how long a sweep deletes. A rebuild, which sweeps now and then, gives no sign of life meanwhile.
const sweepTime = claimTime / 4

// sweep deletes segments that nobody reads any more, and what processes that died have left, for a while: the next one goes on. It
// returns the manifest.
func (x *Index) sweep(ctx context.Context) (manifest, error) {
	document, err := x.manifests.Find(ctx, x.name)
	if err != nil || !document.Exists() {
		return manifest{}, err
	}
	document, err = x.manifests.UpdateFrom(ctx, document, func(m *manifest) error {
		m.expire(time.Now())
		return nil
	})
	if err != nil || len(document.Value.Doomed) == 0 {
		return document.Value, err
	}
	var swept []doomed
	for end, done := time.Now().Add(sweepTime), true; done && len(swept) < len(document.Value.Doomed); {
		next := document.Value.Doomed[len(swept)]
		if done, err = x.remove(ctx, next, end); err != nil {
			return manifest{}, err
		}
		if done {
			swept = append(swept, next)
		}
	}
	return x.manifests.Update(ctx, x.name, func(m *manifest) error {
		m.Doomed = slices.DeleteFunc(m.Doomed, func(d doomed) bool { return slices.Contains(swept, d) })
		return nil
	})
}

// remove deletes the parts of a segment, the last first: they were written in order, so what is left after a crash can be found
// again although nobody knows how many there were. It reports whether it has come to the first before the time is over.
func (x *Index) remove(ctx context.Context, d doomed, end time.Time) (done bool, err error) {
	last := d.Parts
	for d.Parts == unknownParts {
		found, err := x.between(ctx, d.ID, last+1, last+readAhead)
		if err != nil {
			return false, err
		}
		if len(found) == 0 {
			break
		}
		last += readAhead
	}
	for ; last >= 0; last -= readAhead {
		found, err := x.between(ctx, d.ID, max(0, last-readAhead+1), last)
		if err != nil {
			return false, err
		}
		for _, p := range slices.Backward(found) {
			if time.Now().After(end) {
				return false, nil
			}
			if err := x.parts.Delete(ctx, p); err != nil && !errs.Is(err, errs.Conflict) {
				return false, err
			}
		}
	}
	return true, nil
}

// between reads the parts of a segment with these numbers that exist.
func (x *Index) between(ctx context.Context, segment string, first, last int) ([]sidecar.Document[part], error) {
	var ids []string
	for i := first; i <= last; i++ {
		ids = append(ids, x.partID(segment, i))
	}
	return x.parts.GetEach(ctx, ids)
}
