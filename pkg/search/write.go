package search

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/search/internal/segment"
)

// maxAttempts is how often something is tried again that another process has made impossible: a segment is written whose claim was
// taken away, or a part is read that is deleted.
const maxAttempts = 3

// A put merges segments itself if there are maxSegments of them: those that have no more than maxPutMerge entries together, because
// requests wait for it, and not if there are maxClaims of others, as when the store is too slow for merges.
const (
	maxSegments = 100
	maxPutMerge = 500
	maxClaims   = 20
)

// add writes a segment of documents, for a rebuild or for all to find.
func (x *Index) add(ctx context.Context, documents []segment.Document, rebuild string) (err error) {
	for range maxAttempts {
		err = x.addOnce(ctx, documents, rebuild)
		if !errs.Is(err, errs.Conflict) || errors.Is(err, errRebuildOver) {
			return err
		}
	}
	return errs.Wrap(errs.Unavailable, err, "the search index is busy")
}

func (x *Index) addOnce(ctx context.Context, documents []segment.Document, rebuild string) error {
	w, err := x.begin(ctx, claim{Rebuild: rebuild})
	if err != nil {
		return err
	}
	err = w.write(ctx, func(to *segment.Writer) error { return segment.Build(documents, to) })
	if err != nil {
		return err
	}
	var now manifest
	err = w.commit(ctx, func(m *manifest) error {
		now = *m
		return m.add(w.ref, rebuild, len(documents))
	})
	if err != nil || len(now.Segments) < maxSegments || len(now.Claims) >= maxClaims {
		return err
	}
	// Maintain has not come to it. This put has taken effect; if the merge fails, the next put tries again.
	if sources := now.plan().small(maxPutMerge); sources != nil {
		_ = x.merge(ctx, sources, "")
	}
	return nil
}

// add names a segment of new entries.
func (m *manifest) add(r ref, forRebuild string, documents int) error {
	if forRebuild != "" {
		if !m.rebuilding(forRebuild) {
			return errRebuildOver
		}
		m.Rebuild.Segments = append(m.Rebuild.Segments, r)
		m.Rebuild.Indexed += documents
		return nil
	}
	m.Generation++
	r.Since, r.First = m.Generation, m.Generation
	m.Segments = append(m.Segments, r)
	return nil
}

// writing is a segment that this process is writing.
type writing struct {
	index *Index
	claim claim
	ref   ref
}

// begin claims the id of a segment. It fails with errs.Conflict if a source is gone, or claimed by somebody else.
func (x *Index) begin(ctx context.Context, c claim) (*writing, error) {
	c.ID = strconv.FormatUint(rand.Uint64(), 36) //nolint:gosec // it has to be unique, not secret
	w := &writing{index: x, claim: c, ref: ref{ID: c.ID}}
	return w, x.change(ctx, func(m *manifest) error {
		w.claim.At = time.Now().UTC()
		return m.claim(w.claim)
	})
}

// giveUp lets others merge the sources. The claim itself stays until it is over: a part may still be on its way to the store, and is
// deleted then.
func (w *writing) giveUp(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abandonTime)
	defer cancel()
	_ = w.index.change(ctx, func(m *manifest) error {
		for i := range m.Claims {
			if m.Claims[i].ID == w.claim.ID {
				m.Claims[i].Sources = nil
			}
		}
		return nil
	})
}

// renew shows that this process still writes. It fails with errs.Conflict if the claim was taken away.
func (w *writing) renew(ctx context.Context) error {
	now := time.Now().UTC()
	if now.Before(w.claim.At.Add(renewTime)) {
		return nil
	}
	w.claim.At = now
	return w.index.change(ctx, func(m *manifest) error {
		i := slices.IndexFunc(m.Claims, func(c claim) bool { return c.ID == w.claim.ID })
		if i < 0 {
			return errOvertaken
		}
		m.Claims[i].At = now
		if m.rebuilding(w.claim.Rebuild) {
			m.Rebuild.At = now
		}
		return nil
	})
}

// write writes the parts of the segment, one after the other, so that a number that is missing is the last (see remove). The
// head is written last.
func (w *writing) write(ctx context.Context, fill func(*segment.Writer) error) error {
	to := segment.NewWriter(func(block []byte) error {
		w.ref.Parts++
		return w.save(ctx, w.ref.Parts, part{Block: block})
	})
	if err := fill(to); err != nil {
		return err
	}
	head, err := to.Close()
	if err != nil {
		return err
	}
	w.ref.Entries = head.Entries
	return w.save(ctx, 0, part{Head: &head})
}

func (w *writing) save(ctx context.Context, number int, p part) error {
	if err := w.renew(ctx); err != nil {
		return err
	}
	return w.index.parts.Create(ctx, w.index.partID(w.ref.ID, number), p, 0)
}

// commit ends the claim and makes what was written take effect. It fails with errs.Conflict if the claim was taken away.
func (w *writing) commit(ctx context.Context, effect func(*manifest) error) error {
	return w.index.change(ctx, func(m *manifest) error {
		if m.named([]string{w.ref.ID}) {
			return nil // the answer to this commit was lost
		}
		if !m.release(w.ref.ID) {
			return errOvertaken
		}
		return effect(m)
	})
}
