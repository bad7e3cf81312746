package sidecar

import (
	"context"
	"slices"
	"time"

	"stoa/pkg/common/errs"
)

const (
	// compactionTime is how long one Compact works. The next one goes on where it stopped.
	compactionTime = 1500 * time.Millisecond
	// settleTime is how old an entry is before compaction may remove it, because its document may be about to be written.
	settleTime = time.Minute
	// stepSize is how many pages of entries one step reads.
	stepSize = 16
)

// Compact removes entries from a list whose documents do not exist, are not wanted, or were added again since, and brings the others
// together on fewer pages. It never removes an entry that was added after the last compaction, or within the last minute. It works in steps,
// oldest pages first, for a second or two; the next call goes on where it stopped. Entries keep their numbers, so cursors stay
// valid. Add, Page and Compact may run at the same time.
func (l *Lists[T]) Compact(ctx context.Context, list string, wanted func(T) bool) error {
	for end := time.Now().Add(compactionTime); time.Now().Before(end); {
		done, err := l.step(ctx, list, wanted)
		if done || err != nil {
			return err
		}
	}
	return nil
}

// step does the next step of a compaction and reports whether it was the last one.
func (l *Lists[T]) step(ctx context.Context, list string, wanted func(T) bool) (done bool, err error) {
	err = l.withHead(ctx, list, func(document Document[head], lost bool) error {
		h, now := document.Value, time.Now()
		if done = now.Before(h.SeenAt.Add(settleTime)) || !document.Exists(); done {
			return nil
		}
		if err := l.sweep(ctx, list, h.Unused); err != nil {
			return err
		}
		switch {
		case len(h.Older) == 0 || h.Older[0].First > h.Seen:
			done = true
			return l.finish(ctx, list, h, now, wanted)
		case h.Older[0].Level > 0:
			return l.unfold(ctx, list, h, lost)
		default:
			return l.merge(ctx, list, h, lost, wanted)
		}
	})
	return done, err
}

// commit makes a step happen, unless another compaction came first. The step replaces the oldest n of the older pages.
func (l *Lists[T]) commit(ctx context.Context, list string, before head, n int, change func(*head)) error {
	_, err := l.heads.Update(ctx, list, func(h *head) error {
		if h.Step != before.Step || len(h.Older) < n || !slices.Equal(h.Older[:n], before.Older[:n]) {
			return errs.New(errs.Conflict, "this list has changed")
		}
		h.Older, h.Unused, h.Step = h.Older[n:], nil, h.Step+1
		change(h)
		return nil
	})
	return err
}

// unfold replaces the oldest page by the pages that it names.
func (l *Lists[T]) unfold(ctx context.Context, list string, h head, lost bool) error {
	pages, err := l.load(ctx, list, h.Older[:1], lost)
	if err != nil {
		return err
	}
	return l.commit(ctx, list, h, 1, func(now *head) {
		now.Older, now.Unused = slices.Concat(pages[0].Value.Pages, now.Older), h.Older[:1]
	})
}

// merge moves the oldest pages to the compacted ones. Where it removes entries, it joins pages until they are half full.
func (l *Lists[T]) merge(ctx context.Context, list string, h head, lost bool, wanted func(T) bool) error {
	n := 0
	for n < min(stepSize, len(h.Older)) && h.Older[n].Level == 0 {
		n++
	}
	refs, compacted := h.Older[:n], h.Compacted
	if k := len(compacted) - 1; k >= 0 && compacted[k].Level == 0 && compacted[k].Count < pageSize/2 {
		refs, compacted = slices.Concat(compacted[k:], refs), compacted[:k]
	}
	pages, err := l.load(ctx, list, refs, lost)
	if err != nil {
		return err
	}
	var all entries
	for _, p := range pages {
		all = append(all, p.Value.Entries...)
	}
	stale, err := l.stale(ctx, h, all, wanted)
	if err != nil {
		return err
	}
	var unused []ref
	var rest entries
	for i, p := range pages {
		left := slices.DeleteFunc(p.Value.Entries, stale)
		if len(rest) == 0 && len(left) == refs[i].Count && refs[i].Count >= pageSize/2 {
			compacted = append(compacted, refs[i])
			continue
		}
		unused, rest = append(unused, refs[i]), append(rest, left...)
		if len(rest) >= pageSize/2 || len(rest) > 0 && i == len(pages)-1 {
			written, err := l.write(ctx, list, h.Step, page{Entries: rest})
			if err != nil {
				return err
			}
			compacted, rest = append(compacted, written), nil
		}
	}
	if compacted, err = l.fold(ctx, list, h.Step, compacted); err != nil {
		return err
	}
	return l.commit(ctx, list, h, n, func(now *head) { now.Compacted, now.Unused = compacted, unused })
}

// stale returns which of these entries are to be removed. Of several for one document, here and in the head, the newest stays.
func (l *Lists[T]) stale(ctx context.Context, h head, all entries, wanted func(T) bool) (func(entry) bool, error) {
	keep := map[string]bool{}
	for ids := range slices.Chunk(all.ids(), roundSize) {
		found, err := l.documents.lookupEach(ctx, ids)
		if err != nil {
			return nil, err
		}
		for id, document := range found {
			keep[id] = wanted(document.Value)
		}
	}
	newest := map[string]int64{}
	for _, e := range slices.Concat(all, h.Newest) { // oldest first
		newest[e.ID] = e.Seq
	}
	return func(e entry) bool { return e.Seq <= h.Seen && (!keep[e.ID] || e.Seq < newest[e.ID]) }, nil
}

// finish removes stale entries from the head. What is compacted is then what the next compaction begins with.
func (l *Lists[T]) finish(ctx context.Context, list string, h head, at time.Time, wanted func(T) bool) error {
	stale, err := l.stale(ctx, h, h.Newest, wanted)
	if err != nil {
		return err
	}
	return l.commit(ctx, list, h, 0, func(now *head) {
		now.Newest = slices.DeleteFunc(now.Newest, stale)
		now.Older, now.Compacted = slices.Concat(now.Compacted, now.Older), nil
		now.Seen, now.SeenAt = h.Last, at.UTC()
	})
}

// sweep deletes pages that an earlier step has replaced. Readers that still look for one of them read the head again.
func (l *Lists[T]) sweep(ctx context.Context, list string, unused []ref) error {
	pages, err := l.load(ctx, list, unused, true)
	for _, p := range pages {
		if !p.Exists() {
			continue
		}
		if err := l.pages.Delete(ctx, p); err != nil && !errs.Is(err, errs.Conflict) {
			return err
		}
	}
	return err
}
