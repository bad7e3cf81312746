package search

import (
	"context"
	"errors"
	"slices"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/search/internal/segment"
)

const (
	// maxCandidates bounds how many documents Find loads in search of those that it may show: Limit, and so many more.
	maxCandidates = 500
	roundSize     = 100 // documents are loaded by one call
	maxLimit      = 100

	// maxSearches is how many searches a process does at once, and searchWait how long others wait for their turn: a search with
	// excerpts of long texts takes a core for some 100 milliseconds, and everybody with the public API key may search.
	maxSearches = 4
	searchWait  = 2 * time.Second
)

// Load reads the documents with these ids, by one call if it can. It leaves out those that the one who searches may not see.
type Load[T any] func(ctx context.Context, ids []string) (map[string]T, error)

// Find returns a page of the documents that match a query, the best first, and the cursor of the next page, "" at the end. A page
// may be short of documents and have a next one, if many of those found may not be shown. Pages of one search show each document
// once, whatever is put meanwhile, for five minutes; later pages are those of the index as it is then. Find fails with errs.Invalid,
// naming the field q, tag or cursor, for a query that nobody types. A query of stop words finds nothing.
func Find[T any](ctx context.Context, x *Index, q Query, load Load[T]) (items []T, next string, err error) {
	p, err := parse(q)
	if err != nil {
		return nil, "", err
	}
	from, err := q.start()
	if err != nil || len(p.pieces) == 0 {
		return []T{}, "", err
	}
	for attempt := 0; ; attempt++ {
		items, next, err = find(ctx, x, p, from, min(max(q.Limit, 1), maxLimit), load)
		if !errors.Is(err, errGone) {
			return items, next, err
		}
		if attempt == maxAttempts {
			return nil, "", errDamaged(err)
		}
	}
}

// InTurn does a search, with what follows from it, such as the excerpts, when it is its turn. It fails with errs.Unavailable if too many
// others are going on.
func (x *Index) InTurn(ctx context.Context, search func() error) error {
	waiting, cancel := context.WithTimeout(ctx, searchWait)
	defer cancel()
	select {
	case x.searching <- struct{}{}:
		defer func() { <-x.searching }()
		return search()
	case <-waiting.Done():
		return errs.Wrap(errs.Unavailable, waiting.Err(), "too many searches are going on; try again")
	}
}

func find[T any](ctx context.Context, x *Index, p parsed, from cursor, limit int, load Load[T]) (items []T, next string, err error) {
	s, err := x.snapshot(ctx, from.Generation)
	if err != nil {
		return nil, "", err
	}
	from.Generation = s.generation
	candidates, more, err := s.best(ctx, p, from.After, limit+maxCandidates)
	if err != nil {
		return nil, "", err
	}
	items = make([]T, 0, limit)
	for size := limit; len(candidates) > 0 && len(items) < limit; size = roundSize {
		round := candidates[:min(size, len(candidates))]
		ids, err := s.ids(ctx, round)
		if err != nil {
			return nil, "", err
		}
		loaded, err := load(ctx, slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return id == "" }))
		if err != nil {
			return nil, "", err
		}
		shown := 0
		for ; shown < len(ids) && len(items) < limit; shown++ {
			if item, visible := loaded[ids[shown]]; visible {
				items = append(items, item)
			}
		}
		from.After, candidates = round[shown-1].place, candidates[shown:]
	}
	if len(candidates) == 0 && !more {
		return items, "", nil
	}
	return items, from.String(), nil
}

// snapshot is a generation of the index, with its segments in the order of their ids.
type snapshot struct {
	index      *Index
	generation int64
	segments   segments
	heads      []segment.Head
}

// snapshot reads the heads of a generation, or of the present one if that cannot be read any more.
func (x *Index) snapshot(ctx context.Context, generation int64) (*snapshot, error) {
	document, err := x.manifests.Find(ctx, x.name)
	if err != nil {
		return nil, err
	}
	m := document.Value
	all, kept := m.at(generation)
	if !kept {
		generation = m.Generation
		all, _ = m.at(generation)
	}
	all = all.sorted()
	heads, err := x.heads(ctx, all)
	return &snapshot{x, generation, all, heads}, err
}
