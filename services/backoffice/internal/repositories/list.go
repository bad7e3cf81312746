// Package repositories keeps fulfilments and dead letters in the state store of the service, each kind with a list of
// what there is.
package repositories

import (
	"context"

	"stoa/pkg/sidecar"
)

// store is the name of the state store component.
const store = "backoffice-store"

// all is the name of the one list of each kind.
const all = "all"

// maxRounds bounds how far one request reads on in search of what it filters for: at most this many pages of its size.
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

// page returns up to limit values that match, newest first, and the cursor to go on from, "" at the end. It reads on
// until the page is full, within bounds: a page may be short and have a next one.
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

// compact drops from the list what is gone or no longer wanted there.
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
