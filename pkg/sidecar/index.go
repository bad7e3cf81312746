package sidecar

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"stoa/pkg/common/errs"
)

// pageSize is how many hints a page of an index holds. A page is read and written whole, so that it must stay small.
const pageSize = 100

// Index is a list of ids in the order in which they were added, kept in pages, since a state store has no queries and
// one growing key would get slower with every entry. Its entries are hints: the documents decide. Readers load what
// the hints name and skip what no longer matches.
//
// The head page takes the new entries. When it is full, it is copied to its place among the older pages and a new
// head begins. A full head never changes, so that whoever copies it, and however often, writes the same.
type Index struct {
	pages *Documents[page]
}

// page is one page of an index. Only the head uses Number and Oldest.
type page struct {
	// Number is the place of the head: the pages before it are Number-1 ... Oldest.
	Number int `json:"number"`
	// Oldest is the first page that is still kept: the ones before it held nothing but stale hints.
	Oldest int `json:"oldest"`
	// IDs are the hints, oldest first.
	IDs []string `json:"ids"`
}

// NewIndex returns the indexes of one kind in a store; the kind is the prefix of their keys.
func NewIndex(s *Sidecar, store, kind string) *Index {
	return &Index{pages: NewDocuments[page](s, store, kind)}
}

func pageID(list string, number int) string { return list + ":" + strconv.Itoa(number) }

// Add puts an id on the list, once: a handler that runs twice adds twice. The last two pages are searched for it, which
// spans every redelivery that is not days late; a later duplicate is skipped by readers of that page.
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
	return errs.New(errs.Unavailable, "too many others are changing this list")
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
		return nil // somebody was faster, with the same content
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

func foreignCursor() error { return errs.InvalidField("cursor", "is none that this list gave out") }

// Read returns up to limit ids, newest first, and where to go on; the zero Cursor means that the list is at its end.
// errs.Invalid for a cursor that this list did not give out.
func (x *Index) Read(ctx context.Context, list string, from Cursor, limit int) (ids []string, next Cursor, err error) {
	head, err := x.pages.Find(ctx, list)
	if err != nil {
		return nil, Cursor{}, err
	}
	at := from
	switch {
	case !at.set:
		at = Cursor{page: head.Value.Number, entry: len(head.Value.IDs) - 1, set: true}
	case at.page > head.Value.Number: // it would be one read for each page that is not there
		return nil, Cursor{}, foreignCursor()
	}
	for ; at.page >= head.Value.Oldest; at.page, at.entry = at.page-1, pageSize-1 {
		current, err := x.load(ctx, list, head.Value, at.page)
		if err != nil {
			return nil, Cursor{}, err
		}
		for at.entry = min(at.entry, len(current)-1); at.entry >= 0; at.entry-- {
			if len(ids) == limit {
				return ids, at, nil
			}
			if id := current[at.entry]; id != "" && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids, Cursor{}, nil
}

func (x *Index) load(ctx context.Context, list string, head page, number int) ([]string, error) {
	if number == head.Number {
		return head.IDs, nil
	}
	older, err := x.pages.Find(ctx, pageID(list, number))
	return older.Value.IDs, err
}

// Compact drops the hints of older pages that keep no longer wants, and from the oldest on the pages that hold none. Only
// for those does it touch the head, where writers are. Places of entries stay, and with them the cursors that are out.
// When it has to stop early, what it has done stays done.
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

// forget moves the list's beginning past its oldest page, then deletes that page, in this order: a page that is left
// behind by a crash costs a key, one that is missing would be read as empty.
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
	return nil // somebody else deletes it too
}
