package sidecar

import (
	"bytes"
	"context"
	"slices"
)

// maxRounds bounds how many documents Page reads in search of those that match: limit, and maxRounds times roundSize more.
const (
	maxRounds = 10
	roundSize = 100 // documents are read by one call
)

// Lists are lists of the documents of one kind. An entry of a list is a hint: the id of a document that may not exist, or may
// not match. Readers skip such documents. So first add a document to its list, then create it, within a minute (see settleTime):
// a crash in between leaves only a hint.
type Lists[T any] struct {
	documents *Documents[T]
	heads     *Documents[head]
	pages     *Documents[page]
}

// NewLists returns the lists of these documents, in the same store; the kind is the prefix of their keys.
func NewLists[T any](documents *Documents[T], kind string) *Lists[T] {
	d := documents
	return &Lists[T]{
		documents: d,
		heads:     &Documents[head]{states: d.states, writes: d.writes, store: d.store, kind: kind},
		pages:     &Documents[page]{states: d.states, writes: d.writes, store: d.store, kind: kind},
	}
}

// Add adds the documents with these ids to a list, by one write of its head. It leaves out those among the newest 32 entries: a
// handler may run twice. An older id may be added again; one Page returns it once.
func (l *Lists[T]) Add(ctx context.Context, list string, ids ...string) error {
	return l.withHead(ctx, list, func(document Document[head], _ bool) error {
		return l.add(ctx, list, ids, document, document.Value)
	})
}

// add adds entries to a head, which may have changed since its document was read, and writes it if there is something to write.
func (l *Lists[T]) add(ctx context.Context, list string, ids []string, document Document[head], h head) error {
	changed := !bytes.Equal(h.Note, document.Value.Note)
	for _, id := range ids {
		known := slices.IndexFunc(h.Newest, func(e entry) bool { return e.ID == id })
		if known >= 0 && h.Newest[known].Seq > h.Seen {
			continue
		}
		if known >= 0 { // compaction may be about to remove this entry, because there was no such document
			h.Newest = slices.Delete(h.Newest, known, known+1)
		}
		if err := l.archive(ctx, list, &h); err != nil {
			return err
		}
		h.Last++
		h.Newest, changed = append(h.Newest, entry{Seq: h.Last, ID: id}), true
	}
	if !changed {
		return nil
	}
	return l.heads.Swap(ctx, document, h)
}

// withHead reads the head of a list and calls do, again whenever that fails with errs.Conflict. lost says that the head is the
// same as before the conflict, so a page that it names and that does not exist was lost, not replaced.
func (l *Lists[T]) withHead(ctx context.Context, list string, do func(head Document[head], lost bool) error) error {
	known := ""
	return l.heads.retry(ctx, list, func(head Document[head]) error {
		lost := head.ETag == known
		known = head.ETag
		return do(head, lost)
	})
}

// Page returns up to limit documents of a list that match, newest first, and the cursor of the next page, which is "" at the
// end. A nil match takes all. Page reads a bounded number of documents, so a page may be short or empty before the end. It
// fails with errs.Invalid for a cursor that is not of this list.
func (l *Lists[T]) Page(
	ctx context.Context, list, cursor string, limit int, match func(T) bool,
) (items []T, next string, err error) {
	err = l.withHead(ctx, list, func(head Document[head], lost bool) error {
		walk, err := l.walk(list, head.Value, cursor, lost)
		if err != nil {
			return err
		}
		items, next, err = walk.fill(ctx, limit, match)
		return err
	})
	return items, next, err
}

// fill takes documents that match, up to limit, and returns the cursor of what follows them.
func (w *walk[T]) fill(ctx context.Context, limit int, match func(T) bool) (items []T, next string, err error) {
	items = make([]T, 0, limit)
	seen := map[string]bool{}
	for round, size := 0, limit; round <= maxRounds && len(items) < limit; round, size = round+1, roundSize {
		entries, err := w.take(ctx, size)
		if err != nil || len(entries) == 0 {
			return items, "", err
		}
		found, err := w.lists.documents.lookup(ctx, entries.ids())
		if err != nil {
			return nil, "", err
		}
		for i, e := range entries {
			if len(items) == limit {
				return items, entries[i-1].cursor(), nil
			}
			document, exists := found[e.ID]
			if exists && !seen[e.ID] && (match == nil || match(document.Value)) {
				items, seen[e.ID] = append(items, document.Value), true
			}
		}
	}
	return items, w.cursor(), nil
}
