package sidecar

import (
	"context"
	"math"
	"slices"
	"strconv"

	"stoa/pkg/common/errs"
)

// walk reads the entries of a list from a cursor on, newest first.
type walk[T any] struct {
	lists   *Lists[T]
	list    string
	lost    bool    // see withHead
	before  int64   // the number of the last entry taken: what follows has lower ones
	entries entries // read and not taken yet, newest first
	refs    []ref   // the pages not read yet, newest first
}

// walk starts at a cursor, or at the newest entry for "".
func (l *Lists[T]) walk(list string, h head, cursor string, lost bool) (*walk[T], error) {
	w := &walk[T]{lists: l, list: list, lost: lost, before: math.MaxInt64}
	if cursor != "" {
		seq, err := strconv.ParseInt(cursor, 10, 64)
		if err != nil || seq < 1 || seq > h.Last {
			return nil, errs.InvalidField("cursor", "is not a cursor of this list")
		}
		w.before = seq
	}
	w.add(h.Newest)
	w.refs = w.following(slices.Concat(h.Compacted, h.Older))
	return w, nil
}

// add takes entries, oldest first, to those that are read.
func (w *walk[T]) add(entries entries) {
	for _, e := range slices.Backward(entries) {
		if e.Seq < w.before {
			w.entries = append(w.entries, e)
		}
	}
}

// following returns those of refs, oldest first, that have entries before the place of the walk, newest first.
func (w *walk[T]) following(refs []ref) []ref {
	refs = slices.DeleteFunc(slices.Clone(refs), func(r ref) bool { return r.First >= w.before })
	slices.Reverse(refs)
	return refs
}

// take returns the next n entries, fewer only at the end of the list.
func (w *walk[T]) take(ctx context.Context, n int) (entries, error) {
	for len(w.entries) < n && len(w.refs) > 0 {
		if err := w.read(ctx, n); err != nil {
			return nil, err
		}
	}
	taken := w.entries[:min(n, len(w.entries))]
	w.entries = w.entries[len(taken):]
	for _, e := range taken {
		w.before = e.Seq
	}
	return taken, nil
}

// read reads at once the pages that have the next n entries, or the first page of pages among them.
func (w *walk[T]) read(ctx context.Context, n int) error {
	size := 0
	for have := len(w.entries); size < len(w.refs) && have < n; size++ {
		next := w.refs[size]
		if next.Level > 0 {
			pages, err := w.lists.load(ctx, w.list, []ref{next}, w.lost)
			w.refs = slices.Replace(w.refs, size, size+1, w.following(pages[0].Value.Pages)...)
			return err
		}
		if size > 0 || w.before == math.MaxInt64 { // the first page may have entries that do not follow
			have += next.Count
		}
	}
	pages, err := w.lists.load(ctx, w.list, w.refs[:size], w.lost)
	for _, p := range pages {
		w.add(p.Value.Entries)
	}
	w.refs = w.refs[size:]
	return err
}

// cursor is the place of the walk, "" at the end of the list.
func (w *walk[T]) cursor() string {
	if len(w.entries)+len(w.refs) == 0 {
		return ""
	}
	return entry{Seq: w.before}.cursor()
}
