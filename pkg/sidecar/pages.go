package sidecar

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"stoa/pkg/common/errs"
)

// A list is stored in pages, because a state store has no queries, and one growing key would get slower with every entry.
//
// Its newest entries are in its head, the only document of a list that ever changes. When the head is full, its older half
// becomes a page, and the head names that page. When the head names many pages, the oldest of them become a page of pages. So a
// list is a tree whose depth grows with the logarithm of its length. A page never changes. Whatever happens to a list happens when
// its head is swapped: a crash before that leaves at most a page that nothing names.
//
// Every Add reads and writes the whole head, so the head is small: a few kilobytes, however long the list is.
const (
	pageSize = 32 // entries of a page; the head has up to twice as many
	fanout   = 20 // pages of a page of pages
	spare    = 4  // how many pages of each level the head names by itself, besides up to fanout more
)

// page has entries, or names pages, oldest first.
type page struct {
	Entries entries `json:"entries,omitempty"`
	Pages   []ref   `json:"pages,omitempty"`
}

// ref names a page.
type ref struct {
	ID string `json:"id"`
	// First is the number of the oldest entry.
	First int64 `json:"first"`
	// Count is the number of entries of a page of entries.
	Count int `json:"count,omitempty"`
	// Level is 0 for a page of entries, and one more than that of its pages for a page of pages.
	Level int `json:"level,omitempty"`
}

// head is the beginning of a list.
type head struct {
	// Last is the number of the newest entry.
	Last int64 `json:"last"`
	// Newest are the newest entries, oldest first.
	Newest entries `json:"newest"`
	// Older are the pages before them, oldest first.
	Older []ref `json:"older,omitempty"`
	// Compacted are the pages before those: what the running compaction has finished.
	Compacted []ref `json:"compacted,omitempty"`
	// Unused are pages that compaction has replaced and not deleted yet.
	Unused []ref `json:"unused,omitempty"`
	// Step is how often compaction has changed the list.
	Step int `json:"step,omitempty"`
	// Seen is the number of the newest entry at SeenAt, when the last compaction ended.
	Seen   int64     `json:"seen,omitempty"`
	SeenAt time.Time `json:"seenAt,omitzero"`
	// Note is what the owner of the list keeps here, see NotedLists.
	Note json.RawMessage `json:"note,omitempty"`
}

// archive makes room in a full head: its older half becomes a page.
func (l *Lists[T]) archive(ctx context.Context, list string, h *head) error {
	if len(h.Newest) < 2*pageSize {
		return nil
	}
	archived, err := l.write(ctx, list, h.Step, page{Entries: h.Newest[:pageSize]})
	if err != nil {
		return err
	}
	h.Newest = h.Newest[pageSize:]
	h.Older, err = l.fold(ctx, list, h.Step, append(h.Older, archived))
	return err
}

// fold replaces the oldest of the last pages by a page of pages if there are too many of one level.
func (l *Lists[T]) fold(ctx context.Context, list string, step int, refs []ref) ([]ref, error) {
	start := len(refs) - fanout - spare
	if start < 0 || refs[start].Level != refs[len(refs)-1].Level {
		return refs, nil
	}
	end := start + fanout
	above, err := l.write(ctx, list, step, page{Pages: refs[start:end]})
	if err != nil {
		return nil, err
	}
	folded, err := l.fold(ctx, list, step, append(slices.Clip(refs[:start]), above))
	return append(folded, refs[end:]...), err
}

// write stores a page. Its id follows from its content and from the step of the compaction. So writers that race write the
// same page, and an id is never used again once compaction has replaced its page.
func (l *Lists[T]) write(ctx context.Context, list string, step int, p page) (ref, error) {
	raw, err := json.Marshal(p)
	if err != nil {
		return ref{}, err
	}
	sum := sha256.Sum256(strconv.AppendInt(raw, int64(step), 10))
	written := p.ref()
	written.ID = base64.RawURLEncoding.EncodeToString(sum[:10])
	err = l.pages.Create(ctx, list+":"+written.ID, p, 0)
	if errs.Is(err, errs.Conflict) {
		err = nil
	}
	return written, err
}

func (p page) ref() ref {
	if len(p.Pages) > 0 {
		return ref{First: p.Pages[0].First, Level: p.Pages[0].Level + 1}
	}
	return ref{First: p.Entries[0].Seq, Count: len(p.Entries)}
}

// load returns the pages that refs name, in this order. It fails with errs.Conflict if one does not exist, because compaction
// has replaced it since the head was read. A lost page is empty.
func (l *Lists[T]) load(ctx context.Context, list string, refs []ref, lost bool) ([]Document[page], error) {
	ids := make([]string, len(refs))
	for i, r := range refs {
		ids[i] = list + ":" + r.ID
	}
	found, err := l.pages.lookupEach(ctx, ids)
	if err == nil && len(found) < len(refs) && !lost {
		err = errs.New(errs.Conflict, "this list has changed")
	}
	pages := make([]Document[page], len(refs))
	for i, id := range ids {
		pages[i] = found[id]
	}
	return pages, err
}
