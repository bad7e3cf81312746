package sidecar

import (
	"context"
	"iter"
	"slices"
)

// Parts returns how many parts of this size a list has, see Part.
func (l *Lists[T]) Parts(ctx context.Context, list string, size int64) (int64, error) {
	head, err := l.heads.Find(ctx, list)
	return (head.Value.Last + size - 1) / size, err
}

// Part returns the documents of part n of a list that match, the latest first; a nil match takes all. Part 0 has the first
// entries that the list ever got, up to this size, and has fewer once compaction has removed some. No entry ever moves to
// another part: who reads all parts, one after the other, misses no document that is on the list all the time. A document that
// was added twice may be in two parts.
func (l *Lists[T]) Part(ctx context.Context, list string, n, size int64, match func(T) bool) (items []T, err error) {
	err = l.withHead(ctx, list, func(head Document[head], lost bool) error {
		all, err := l.entriesOf(ctx, list, head.Value, n*size, (n+1)*size, lost)
		items = nil
		for ids := range slices.Chunk(all.ids(), roundSize) {
			found, failed := l.documents.lookupEach(ctx, ids)
			if failed != nil {
				return failed
			}
			for _, document := range inOrder(found, ids) {
				if match == nil || match(document.Value) {
					items = append(items, document.Value)
				}
			}
		}
		return err
	})
	return items, err
}

// Batches yields all documents of a list that match, some hundred at a time. A document that is on the list before the first batch is
// read is in one of them, or in two if it was added twice. Those that are added later, or again, may be. Each batch is read by try; it ends after an error.
func (l *Lists[T]) Batches(ctx context.Context, list string, try Try, match func(T) bool) iter.Seq2[[]T, error] {
	return func(yield func([]T, error) bool) {
		var parts int64
		err := try(ctx, func() (err error) { parts, err = l.Parts(ctx, list, roundSize); return err })
		if err != nil {
			yield(nil, err)
			return
		}
		for n := range parts {
			var items []T
			err := try(ctx, func() (err error) { items, err = l.Part(ctx, list, n, roundSize, match); return err })
			if !yield(items, err) || err != nil {
				return
			}
		}
	}
}

// entriesOf returns the entries of a list with the numbers after the first and up to the last, the latest first.
func (l *Lists[T]) entriesOf(ctx context.Context, list string, h head, first, last int64, lost bool) (all entries, err error) {
	start := "" // the newest
	if last < h.Last {
		start = entry{Seq: last + 1}.cursor()
	}
	walk, err := l.walk(list, h, start, lost)
	for err == nil {
		var some entries
		some, err = walk.take(ctx, roundSize)
		after := slices.IndexFunc(some, func(e entry) bool { return e.Seq <= first })
		if after >= 0 {
			return append(all, some[:after]...), err
		}
		if all = append(all, some...); len(some) == 0 {
			break
		}
	}
	return all, err
}
