package sidecar

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"stoa/pkg/common/errs"
)

// pageSize is how many entries a page of an index has. A page is read and written as a whole, so it must stay small.
const pageSize = 100

// Index has the lists of one kind in a store. A list has ids, in the order in which they were added. It is stored in pages,
// because a state store has no queries, and one growing key would get slower with every entry. The entries are hints: a reader
// loads the documents that they name and skips those that do not exist or no longer match. Lists does that.
//
// New entries go to the head page. When it is full, it is copied to its place among the older pages, and a new head begins.
// The ids of a full head never change, so all writers make the same copy.
type Index struct {
	pages *Documents[page]
}

// page is one page of a list. Only the head uses Number and Oldest.
type page struct {
	// Number is the number of the head. The older pages are Oldest to Number-1.
	Number int `json:"number"`
	// Oldest is the number of the oldest page that still exists.
	Oldest int `json:"oldest"`
	// IDs are the hints, oldest first.
	IDs []string `json:"ids"`
}

// NewIndex returns the lists of one kind in a store; the kind is the prefix of their keys.
func NewIndex(s *Sidecar, store, kind string) *Index {
	return &Index{pages: NewDocuments[page](s, store, kind)}
}

func pageID(list string, number int) string { return list + ":" + strconv.Itoa(number) }

// Add adds an id to a list, unless it is among the newest 100 entries: a handler may run twice. An older id may be added again;
// one Read returns it once.
func (x *Index) Add(ctx context.Context, list, id string) error {
	for attempt := range maxConflicts {
		head, err := x.pages.Find(ctx, list)
		if err != nil || slices.Contains(head.Value.IDs, id) {
			return err
		}
		if known, err := x.onPreviousPage(ctx, list, head.Value, id); err != nil || known {
			return err
		}
		next := head.Value
		next.IDs = append(slices.Clone(next.IDs), id)
		if len(head.Value.IDs) >= pageSize {
			if err := x.archive(ctx, list, head.Value); err != nil {
				return err
			}
			next.Number, next.IDs = head.Value.Number+1, []string{id}
		}
		if err := x.pages.Swap(ctx, head, next); !errs.Is(err, errs.Conflict) {
			return err
		}
		if err := pause(ctx, attempt); err != nil {
			return err
		}
	}
	return errs.New(errs.Unavailable, "too many requests are changing this list; try again")
}

func (x *Index) onPreviousPage(ctx context.Context, list string, head page, id string) (bool, error) {
	if len(head.IDs) >= pageSize || head.Number <= head.Oldest {
		return false, nil
	}
	previous, err := x.pages.Find(ctx, pageID(list, head.Number-1))
	return slices.Contains(previous.Value.IDs, id), err
}

// archive copies a full head to its place among the older pages.
func (x *Index) archive(ctx context.Context, list string, head page) error {
	err := x.pages.Create(ctx, pageID(list, head.Number), page{IDs: head.IDs}, 0)
	if errs.Is(err, errs.Conflict) {
		return nil // another writer has made the same copy
	}
	return err
}

// Cursor is the place in a list where a reader continues. To Read, the zero Cursor means the newest entry.
type Cursor struct {
	page, entry int
	set         bool
}

// String writes the cursor so that ParseCursor reads it back; the zero Cursor is "".
func (c Cursor) String() string {
	if !c.set {
		return ""
	}
	return strconv.Itoa(c.page) + "." + strconv.Itoa(c.entry)
}

// ParseCursor reads what String wrote.
func ParseCursor(s string) (Cursor, error) {
	if s == "" {
		return Cursor{}, nil
	}
	first, second, _ := strings.Cut(s, ".")
	number, err1 := strconv.Atoi(first)
	entry, err2 := strconv.Atoi(second)
	if err1 != nil || err2 != nil || number < 0 || entry < 0 || entry >= pageSize {
		return Cursor{}, foreignCursor()
	}
	return Cursor{page: number, entry: entry, set: true}, nil
}

func foreignCursor() error { return errs.InvalidField("cursor", "is not a cursor of this list") }

// Read returns up to limit ids, newest first, and the cursor for the next call, which is zero at the end of the list. It reads a
// bounded number of pages, so it may return fewer ids, or none, before the end. It fails with errs.Invalid for a cursor that
// is not of this list.
func (x *Index) Read(ctx context.Context, list string, from Cursor, limit int) (ids []string, next Cursor, err error) {
	walk, err := x.walk(ctx, list, from)
	if err != nil {
		return nil, Cursor{}, err
	}
	hints, err := walk.take(ctx, limit)
	if err != nil {
		return nil, Cursor{}, err
	}
	for _, hint := range hints {
		ids = append(ids, hint.id)
	}
	return ids, walk.at, nil
}

// Compact empties the entries that keep does not want, except on the head page, and deletes the oldest pages if all their
// entries are empty. The other entries keep their places, so cursors stay valid. Compact writes the head only to delete a page,
// so it hardly disturbs writers. It may be interrupted: what it has done stays done.
func (x *Index) Compact(ctx context.Context, list string, keep func(ctx context.Context, ids []string) (map[string]bool, error)) error {
	head, err := x.pages.Find(ctx, list)
	if err != nil {
		return err
	}
	oldest := head.Value.Oldest
	for number := oldest; number < head.Value.Number; number++ {
		left, err := x.compactPage(ctx, pageID(list, number), keep)
		if err != nil {
			return err
		}
		if left > 0 || number > oldest {
			continue
		}
		if err := x.deletePage(ctx, list, number); err != nil {
			return err
		}
		oldest++
	}
	return nil
}

// compactPage empties the entries of one page that keep does not want, and returns how many are left.
func (x *Index) compactPage(ctx context.Context, id string, keep func(context.Context, []string) (map[string]bool, error)) (int, error) {
	older, err := x.pages.Find(ctx, id)
	if err != nil || !older.Exists() {
		return 0, err
	}
	hints := slices.DeleteFunc(slices.Clone(older.Value.IDs), func(hint string) bool { return hint == "" })
	if len(hints) == 0 {
		return 0, nil
	}
	wanted, err := keep(ctx, hints)
	if err != nil {
		return 0, err
	}
	left := 0
	_, err = x.pages.Update(ctx, id, func(p *page) error {
		left = 0
		for i, hint := range p.IDs {
			if hint != "" && !wanted[hint] {
				p.IDs[i] = ""
			} else if hint != "" {
				left++
			}
		}
		return nil
	})
	return left, err
}

// deletePage moves the beginning of the list past its oldest page, then deletes that page. In this order, a crash only leaves
// an unused key; in the other, readers would miss a page.
func (x *Index) deletePage(ctx context.Context, list string, number int) error {
	_, err := x.pages.Update(ctx, list, func(head *page) error {
		head.Oldest = max(head.Oldest, number+1)
		return nil
	})
	if err != nil {
		return err
	}
	older, err := x.pages.Find(ctx, pageID(list, number))
	if err != nil || !older.Exists() {
		return err
	}
	if err := x.pages.Delete(ctx, older); !errs.Is(err, errs.Conflict) {
		return err
	}
	return nil // somebody else has deleted it
}
