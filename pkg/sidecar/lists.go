package sidecar

import (
	"context"
	"slices"
)

// maxRounds bounds how many documents Page reads to find those that match: at most limit + maxRounds*pageSize.
const maxRounds = 10

// Lists are lists of the documents of one kind. Their entries are hints, see Index: readers skip documents that do not exist.
// So first add a document to its list, then create it; a crash in between leaves only a hint.
type Lists[T any] struct {
	documents *Documents[T]
	index     *Index
}

// NewLists returns the lists of these documents, in the same store; the kind is the prefix of their keys.
func NewLists[T any](documents *Documents[T], kind string) *Lists[T] {
	pages := &Documents[page]{states: documents.states, writes: documents.writes, store: documents.store, kind: kind}
	return &Lists[T]{documents: documents, index: &Index{pages: pages}}
}

// Add adds the document with this id to a list, see Index.Add.
func (l *Lists[T]) Add(ctx context.Context, list, id string) error { return l.index.Add(ctx, list, id) }

// Page returns up to limit documents of a list that match, newest first, and the cursor of the next page, which is "" at the
// end. A nil match takes all. Page reads a bounded number of documents, so a page may be short or empty before the end. It
// fails with errs.Invalid for a cursor that is not of this list.
func (l *Lists[T]) Page(
	ctx context.Context, list, cursor string, limit int, match func(T) bool,
) (items []T, next string, err error) {
	from, err := ParseCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	walk, err := l.index.walk(ctx, list, from)
	if err != nil {
		return nil, "", err
	}
	items = make([]T, 0, limit)
	for round, size := 0, limit; round <= maxRounds && len(items) < limit; round, size = round+1, pageSize {
		hints, err := walk.take(ctx, size)
		if err != nil || len(hints) == 0 {
			return items, walk.at.String(), err
		}
		documents, err := l.matching(ctx, hints, match)
		if err != nil {
			return nil, "", err
		}
		for _, document := range documents {
			if len(items) == limit {
				return items, placeOf(document.ID, hints).String(), nil
			}
			items = append(items, document.Value)
		}
	}
	return items, walk.at.String(), nil
}

// matching reads the documents that hints name, and leaves out those that do not match.
func (l *Lists[T]) matching(ctx context.Context, hints []hint, match func(T) bool) ([]Document[T], error) {
	ids := make([]string, len(hints))
	for i, hint := range hints {
		ids[i] = hint.id
	}
	documents, err := l.documents.GetMany(ctx, ids)
	return slices.DeleteFunc(documents, func(d Document[T]) bool { return match != nil && !match(d.Value) }), err
}

func placeOf(id string, hints []hint) Cursor {
	return hints[slices.IndexFunc(hints, func(h hint) bool { return h.id == id })].at
}

// Compact removes entries of documents that do not exist or are not wanted, except the newest entries, see Index.Compact.
func (l *Lists[T]) Compact(ctx context.Context, list string, wanted func(T) bool) error {
	return l.index.Compact(ctx, list, func(ctx context.Context, ids []string) (map[string]bool, error) {
		documents, err := l.documents.GetEach(ctx, ids)
		keep := make(map[string]bool, len(documents))
		for _, document := range documents {
			keep[document.ID] = wanted(document.Value)
		}
		return keep, err
	})
}
