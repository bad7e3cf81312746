// Package repositories stores fulfilments and dead letters in the state store of the service, each kind with a list.
package repositories

import (
	"context"

	"stoa/pkg/sidecar"
)

// store is the name of the state store component.
const store = "backoffice-store"

// all is the name of the one list of each kind.
const all = "all"

// maxRounds is how many pages of the list one request reads at most to find the values that match.
const maxRounds = 50

// list is documents of one kind and the list of them.
type list[T any] struct {
	documents *sidecar.Documents[T]
	index     *sidecar.Index
}

func newList[T any](s *sidecar.Sidecar, kind string) list[T] {
	return list[T]{
		documents: sidecar.NewDocuments[T](s, store, kind),
		index:     sidecar.NewIndex(s, store, kind+"-list"),
	}
}

// page returns up to limit values that match, newest first, and the cursor of the next page, "" at the end. It reads until
// the page is full, but at most maxRounds times: a short page may have a next one.
func (l list[T]) page(ctx context.Context, cursor string, limit int, match func(T) bool) ([]T, string, error) {
	at, err := sidecar.ParseCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	values := make([]T, 0, limit)
	for range maxRounds {
		var ids []string
		ids, at, err = l.index.Read(ctx, all, at, limit-len(values))
		if err != nil {
			return nil, "", err
		}
		documents, err := l.documents.GetMany(ctx, ids)
		if err != nil {
			return nil, "", err
		}
		for _, document := range documents {
			if match(document.Value) {
				values = append(values, document.Value)
			}
		}
		if len(values) == limit || at == (sidecar.Cursor{}) {
			break
		}
	}
	return values, at.String(), nil
}

// compact takes off the list what is deleted or no longer wanted.
func (l list[T]) compact(ctx context.Context, wanted func(T) bool) error {
	return l.index.Compact(ctx, all, func(ctx context.Context, ids []string) (map[string]bool, error) {
		documents, err := l.documents.GetMany(ctx, ids)
		if err != nil {
			return nil, err
		}
		keep := make(map[string]bool, len(documents))
		for _, document := range documents {
			keep[document.ID] = wanted(document.Value)
		}
		return keep, nil
	})
}
