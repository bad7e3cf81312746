package search

import (
	"context"
	"errors"
	"iter"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/sidecar"
)

// maxBatch is how many bytes of text a rebuild indexes at once. They take several times as much memory.
const maxBatch = 2 << 20

// abandonTime bounds what a process does about its rebuild, or its merge, when that has to end.
const abandonTime = 2 * time.Second

// Rebuild indexes all documents, about total of them, and then puts them in place of what was found before, at once. What
// is put or removed meanwhile counts. So each document is to be read after Rebuild was called. LatestRebuild tells how far it is.
// If it fails, the next one begins at the beginning. It fails with errs.Conflict while another rebuild is going on. Services call
// Work, which does this when somebody has asked for it.
func (x *Index) Rebuild(ctx context.Context, total int, documents iter.Seq2[Document, error]) error {
	id := ids.New()
	err := x.change(ctx, func(m *manifest) error { return m.beginRebuild(id, total, time.Now().UTC()) })
	if err != nil {
		return err
	}
	if err = x.indexAll(ctx, id, documents); err == nil {
		err = sidecar.Patiently(ctx, func() error {
			return x.change(ctx, func(m *manifest) error { return m.endRebuild(id, time.Now()) })
		})
	}
	if err != nil {
		x.abandon(ctx, id)
	}
	return err
}

// abandon ends a rebuild that failed, so that the next one need not wait for claimTime, which ends that of a process that died.
func (x *Index) abandon(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abandonTime)
	defer cancel()
	_ = x.change(ctx, func(m *manifest) error {
		if m.rebuilding(id) {
			m.doom(m.Rebuild.Segments)
			m.Rebuild = nil
		}
		return nil
	})
}

func (m *manifest) beginRebuild(id string, total int, now time.Time) error {
	switch r := m.Rebuild; {
	case r == nil:
	case r.ID == id:
		return nil // the answer to this change was lost
	case !r.dead(now):
		return errs.New(errs.Conflict, "the search index is being rebuilt: %d of %d documents", r.Indexed, r.Total)
	default:
		m.doom(r.Segments)
	}
	m.Rebuild = &rebuild{ID: id, At: now, After: m.Generation, Total: total}
	m.ask(id, now)
	return nil
}

// indexAll writes segments of the rebuild, and merges them as it goes.
func (x *Index) indexAll(ctx context.Context, id string, documents iter.Seq2[Document, error]) error {
	var batch []Document
	size := 0
	for d, err := range documents {
		if err != nil {
			return err
		}
		batch = append(batch, d)
		for _, text := range d.Texts {
			size += len(text)
		}
		if size < maxBatch {
			continue
		}
		if err := x.addToRebuild(ctx, id, batch); err != nil {
			return err
		}
		batch, size = nil, 0
	}
	return x.addToRebuild(ctx, id, batch)
}

func (x *Index) addToRebuild(ctx context.Context, id string, batch []Document) error {
	analysed, err := x.analyseAll(batch)
	if err != nil || len(analysed) == 0 {
		return err
	}
	if err := sidecar.Patiently(ctx, func() error { return x.add(ctx, analysed, id) }); err != nil {
		return err
	}
	err = x.tidy(ctx, id)
	if errs.Is(err, errs.Unavailable) && !errors.Is(err, errGone) {
		return nil // the store does not answer: the next batch waits for it, and this can be done then
	}
	return err
}

// tidy merges segments of a rebuild, and deletes what was merged, because that takes room.
func (x *Index) tidy(ctx context.Context, id string) error {
	for {
		m, err := x.sweep(ctx)
		if err != nil {
			return err
		}
		if !m.rebuilding(id) {
			return errRebuildOver
		}
		sources := m.free(m.Rebuild.Segments).plan()
		if len(sources) == 0 {
			return nil
		}
		if err := x.merge(ctx, sources, id); err != nil {
			return err
		}
	}
}

// endRebuild puts the segments of a rebuild in place of those from before it.
func (m *manifest) endRebuild(id string, now time.Time) error {
	if m.Asked != nil && m.Asked.By == id {
		return nil // the answer to this change was lost
	}
	if !m.rebuilding(id) {
		return errRebuildOver
	}
	var before []string
	for _, r := range m.Segments {
		if r.First <= m.Rebuild.After {
			before = append(before, r.ID)
		}
	}
	m.Asked.EndedAt, m.Asked.Indexed, m.Asked.By = now.UTC(), m.Rebuild.Indexed, id
	m.Generation++
	m.replace(before, now)
	for _, r := range m.Rebuild.Segments {
		r.Since, r.First = m.Generation, m.Generation
		m.Segments = append(m.Segments, r)
	}
	m.Rebuild = nil
	return nil
}
