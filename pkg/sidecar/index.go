package sidecar

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"stoa/pkg/common/errs"
)

// pageSize is how many hints a page of an index holds. A page is read and written whole, so it must stay small.
const pageSize = 100

// Index is a list of ids in the order in which they were added. It is kept in pages, because a state store has no queries
// and one growing key would get slower with every entry. Its entries are hints: readers load the documents that they name
// and skip what no longer matches. Lists does both.
//
// The head page takes the new entries. When it is full, it is copied to its place among the older pages, and a new head
// begins. A full head never changes, so every copy of it is the same.
type Index struct {
	pages *Documents[page]
}

// page is one page of an index. Only the head uses Number and Oldest.
type page struct {
	// Number is the place of the head: the pages before it are Number-1 ... Oldest.
	Number int `json:"number"`
	// Oldest is the first page that still exists: the ones before it held only stale hints.
	Oldest int `json:"oldest"`
	// IDs are the hints, oldest first.
	IDs []string `json:"ids"`
}

// NewIndex returns the indexes of one kind in a store; the kind is the prefix of their keys.
func NewIndex(s *Sidecar, store, kind string) *Index {
	return &Index{pages: NewDocuments[page](s, store, kind)}
}

func pageID(list string, number int) string { return list + ":" + strconv.Itoa(number) }

// Add puts an id on the list. It adds nothing if the id is on the last two pages, because a handler may run twice; a
// duplicate that comes later than that is skipped by readers.
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
			if err := x.keep(ctx, list, head.Value); err != nil {
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

// keep copies a full head to its place among the older pages.
func (x *Index) keep(ctx context.Context, list string, head page) error {
	err := x.pages.Create(ctx, pageID(list, head.Number), page{IDs: head.IDs}, 0)
	if errs.Is(err, errs.Conflict) {
		return nil // another writer has made the same copy
	}
	return err
}

// Cursor is a place in a list, to go on reading from. The zero Cursor is the newest entry.
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

// Read returns up to limit ids, newest first, and where to go on; the zero Cursor means that the list is at its end. It
// reads a bounded number of pages, so it may return fewer ids, or none, and still a place to go on from. errs.Invalid for a
// cursor that this list did not give out.
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

// Compact blanks the hints of older pages that keep does not want, and deletes the oldest pages if they have no other. Entries
// keep their places, so that cursors stay valid. Only to delete a page does it write the head, where writers are. If it is
// interrupted, what it has done stays done.
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
		if err := x.forget(ctx, list, number); err != nil {
			return err
		}
		oldest++
	}
	return nil
}

// compactPage blanks the stale hints of one page and returns how many are left.
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

// forget moves the beginning of the list past its oldest page, then deletes that page. In this order, a crash leaves a page
// behind that costs a key; in the other, readers would find a page missing.
func (x *Index) forget(ctx context.Context, list string, number int) error {
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
