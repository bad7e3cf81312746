package repositories

import (
	"context"
	"errors"
	"slices"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/sidecar"
	"stoa/services/blog/internal/domain"
)

// collection has documents that say themselves which lists they belong to.
type collection[T any] struct {
	documents *sidecar.Documents[T]
	lists     *sidecar.Lists[T]
	shrinking *shrinking
	listsOf   func(*T) []string
	missing   func() error
}

func newCollection[T any](s *sidecar.Sidecar, kind, lists string, listsOf func(*T) []string, missing func() error) *collection[T] {
	documents := sidecar.NewDocuments[T](s, store, kind)
	return &collection[T]{documents, sidecar.NewLists(documents, lists), newShrinking(s, lists), listsOf, missing}
}

// create stores a document unless one with its id exists, and returns the one that is stored then. The lists come before the
// document, so that every document is listed: a crash in between leaves an entry without a document, which List passes over.
func (r *collection[T]) create(ctx context.Context, id string, value T) (T, error) {
	known, err := r.documents.Find(ctx, id)
	if err != nil || known.Exists() {
		return known.Value, err
	}
	if err := r.join(ctx, id, r.listsOf(&value)); err != nil {
		return known.Value, err
	}
	err = r.documents.Create(ctx, id, value, 0)
	if errs.Is(err, errs.Conflict) { // another request was quicker
		return r.Get(ctx, id)
	}
	return value, err
}

// Get fails with errs.NotFound if there is no such document.
func (r *collection[T]) Get(ctx context.Context, id string) (T, error) {
	var found sidecar.Document[T]
	if !ids.Valid(id) {
		return found.Value, r.missing()
	}
	found, err := r.documents.Find(ctx, id)
	if err == nil && !found.Exists() {
		err = r.missing()
	}
	return found.Value, err
}

// GetEach returns those of these documents that exist. It misses none.
func (r *collection[T]) GetEach(ctx context.Context, ids []string) ([]T, error) {
	return valuesOf(r.documents.GetEach(ctx, ids))
}

func valuesOf[T any](documents []sidecar.Document[T], err error) ([]T, error) {
	values := make([]T, len(documents))
	for i, d := range documents {
		values[i] = d.Value
	}
	return values, err
}

// Update changes a document by a function that runs again if another write came first. Like create, it adds the document to its
// lists first, so the write fails if it cannot. The lists that it has left keep an entry until they are compacted.
func (r *collection[T]) Update(ctx context.Context, id string, change func(*T) error) (T, error) {
	return r.write(ctx, id, r.documents.Update, change)
}

// Upsert is Update for a document that may not exist yet: change then gets the zero value.
func (r *collection[T]) Upsert(ctx context.Context, id string, change func(*T) error) (T, error) {
	return r.write(ctx, id, r.documents.Upsert, change)
}

func (r *collection[T]) write(
	ctx context.Context, id string, how func(context.Context, string, func(*T) error) (T, error), change func(*T) error,
) (T, error) {
	var left []string
	if !ids.Valid(id) {
		var none T
		return none, r.missing()
	}
	value, err := how(ctx, id, func(value *T) error {
		before := r.listsOf(value)
		if err := change(value); err != nil {
			return err
		}
		after := r.listsOf(value)
		left = without(before, append(after, domain.Unfinished))
		return r.join(ctx, id, without(after, before))
	})
	if err == nil {
		r.shrinking.note(ctx, left)
	}
	return value, err
}

// join adds a document to lists.
func (r *collection[T]) join(ctx context.Context, id string, lists []string) error {
	for _, list := range lists {
		if err := r.lists.Add(ctx, list, id); err != nil {
			return err
		}
	}
	return nil
}

// without returns those of the lists that are not among others.
func without(lists, others []string) []string {
	var left []string
	for _, list := range lists {
		if !slices.Contains(others, list) {
			left = append(left, list)
		}
	}
	return left
}

// on returns a function that reports whether a document belongs to a list.
func (r *collection[T]) on(list string) func(T) bool {
	return func(value T) bool { return slices.Contains(r.listsOf(&value), list) }
}

// Compact removes from the lists the documents that have left them: from Unfinished always, since nearly all pass through it.
func (r *collection[T]) Compact(ctx context.Context) error {
	compact := func(ctx context.Context, list string) error { return r.lists.Compact(ctx, list, r.on(list)) }
	return errors.Join(compact(ctx, domain.Unfinished), r.shrinking.compact(ctx, compact))
}
