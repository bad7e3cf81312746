package sidecar

import "context"

// maxPages is how many older pages one walk reads at most. Past many stale entries, a reader needs several requests.
const maxPages = 50

// hint is an entry of an index and its place.
type hint struct {
	id string
	at Cursor
}

// walk reads the hints of a list from a place on, newest first.
type walk struct {
	index *Index
	list  string
	head  page
	at    Cursor   // the next entry; the zero Cursor at the end of the list
	ids   []string // the entries of the page with the number below
	page  int
	left  int // how many older pages may still be read
	seen  map[string]bool
}

// walk starts at a cursor, or at the newest entry for the zero Cursor.
func (x *Index) walk(ctx context.Context, list string, from Cursor) (*walk, error) {
	head, err := x.pages.Find(ctx, list)
	if err != nil {
		return nil, err
	}
	w := &walk{
		index: x, list: list, head: head.Value, at: from, ids: head.Value.IDs, page: head.Value.Number, left: maxPages,
		seen: map[string]bool{},
	}
	if !from.set {
		w.at = Cursor{page: w.page, entry: pageSize - 1, set: true}
	}
	switch {
	case w.at.page > w.page: // a page that does not exist
		return nil, foreignCursor()
	case w.at.page < w.head.Oldest:
		w.at = Cursor{} // Compact has deleted this page and all older ones
	}
	return w, nil
}

// take returns the next hints, up to limit, each id once. It returns fewer at the end of the list, and after maxPages pages.
func (w *walk) take(ctx context.Context, limit int) (hints []hint, err error) {
	for len(hints) < limit && w.at.set {
		if loaded, err := w.load(ctx); err != nil || !loaded {
			return hints, err
		}
		for ; w.at.entry >= 0 && len(hints) < limit; w.at.entry-- {
			if id := w.ids[w.at.entry]; id != "" && !w.seen[id] {
				w.seen[id] = true
				hints = append(hints, hint{id: id, at: w.at})
			}
		}
		if w.at.entry < 0 {
			w.older()
		}
	}
	return hints, nil
}

// load reads the page of the next entry, unless the walk has read maxPages pages already.
func (w *walk) load(ctx context.Context) (loaded bool, err error) {
	if w.page != w.at.page {
		if w.left == 0 {
			return false, nil
		}
		w.left--
		older, err := w.index.pages.Find(ctx, pageID(w.list, w.at.page))
		if err != nil {
			return false, err
		}
		w.ids, w.page = older.Value.IDs, w.at.page
	}
	w.at.entry = min(w.at.entry, len(w.ids)-1)
	return true, nil
}

// older moves to the next older page, or to the end.
func (w *walk) older() {
	w.at = Cursor{page: w.at.page - 1, entry: pageSize - 1, set: true}
	if w.at.page < w.head.Oldest {
		w.at = Cursor{}
	}
}
