package kit

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	dapr "github.com/dapr/go-sdk/client"

	"stoa/pkg/common/must"
	"stoa/pkg/sidecar"
	"stoa/test/system"
)

// note is the document of these tests.
type note struct{ N int }

func notesOn(side *sidecar.Sidecar) (*sidecar.Documents[note], *sidecar.Lists[note]) {
	notes := sidecar.NewDocuments[note](side, "order-store", "note")
	return notes, sidecar.NewLists(notes, "notes")
}

// counted counts the calls of a client, and the keys that they read.
type counted struct {
	sidecar.StateClient
	calls, keys int
}

func (c *counted) GetState(ctx context.Context, store, key string, meta map[string]string) (*dapr.StateItem, error) {
	c.calls, c.keys = c.calls+1, c.keys+1
	return c.StateClient.GetState(ctx, store, key, meta)
}

func (c *counted) GetBulkState(
	ctx context.Context, store string, keys []string, meta map[string]string, n int32,
) ([]*dapr.BulkStateItem, error) {
	c.calls, c.keys = c.calls+1, c.keys+len(keys)
	return c.StateClient.GetBulkState(ctx, store, keys, meta, n)
}

func TestLists_loseNothingOnARealStore(t *testing.T) {
	t.Parallel()
	notes, lists := notesOn(start(t, "order-worker").open("order-worker"))
	var added atomic.Int64
	system.AtOnce(4, func(writer int) {
		for i := range 60 {
			id := fmt.Sprintf("%d-%d", writer, i)
			if err := lists.Add(t.Context(), "a", id); err != nil {
				t.Error(err)
			}
			if err := notes.Create(t.Context(), id, note{60*writer + i}, 0); err != nil {
				t.Error(err)
			}
			added.Add(1)
		}
	})
	seen := map[int]bool{}
	for cursor, end := "", false; !end; end = cursor == "" {
		items, next, err := lists.Page(t.Context(), "a", cursor, 50, nil)
		must.Do(t, err)
		for _, item := range items {
			seen[item.N] = true
		}
		cursor = next
	}
	if len(seen) != int(added.Load()) {
		t.Errorf("got %d entries, want %d", len(seen), added.Load())
	}
}

// A list of 100,000 entries, of which 95 in 100 are stale, is compacted. Then a page of any size, at any place, reads hardly
// more than what it shows, in few calls. Before, every page is bounded.
func TestLists_areReadAtThePriceOfWhatTheyShow(t *testing.T) {
	t.Parallel()
	const size, every = 100_000, 20
	side := start(t, "order-worker").open("order-worker")
	save(t, side, longList(size, every))
	client := &counted{StateClient: side.Client()}
	_, lists := notesOn(sidecar.StatesOnly(client))

	if _, next := readPage(t, client, lists, "", 20, 20+1060, 30); next == "" {
		t.Error("a page without its cursor")
	}
	client.calls = 0
	for began := time.Now(); !compacted(t, side); {
		must.Do(t, lists.Compact(t.Context(), "a", wanted))
		t.Logf("%s: compaction made %d calls", time.Since(began), client.calls)
	}
	for _, limit := range []int{20, 100} {
		total := 0
		for cursor, end := "", false; !end; end = cursor == "" {
			items, next := readPage(t, client, lists, cursor, limit, limit+12, 6)
			total += len(items)
			cursor = next
		}
		if total != size/every {
			t.Errorf("by %d: %d items, want %d", limit, total, size/every)
		}
	}
	for place := int64(1); place <= size; place += 997 {
		readPage(t, client, lists, strconv.FormatInt(place, 10), 1, 1+12, 6)
	}
}

// readPage reads a page, and checks how many keys and calls that took.
func readPage(
	t *testing.T, client *counted, lists *sidecar.Lists[note], cursor string, limit, keys, calls int,
) ([]note, string) {
	t.Helper()
	client.calls, client.keys = 0, 0
	items, next, err := lists.Page(t.Context(), "a", cursor, limit, wanted)
	must.Do(t, err)
	if client.keys > keys || client.calls > calls {
		t.Errorf("%d items from %q on: read %d keys in %d calls, want at most %d in %d",
			limit, cursor, client.keys, client.calls, keys, calls)
	}
	if len(items) < limit && next != "" && calls <= 6 {
		t.Errorf("%d items from %q on: got %d", limit, cursor, len(items))
	}
	return items, next
}

// wanted tells the documents of entries that stay from the one of all others.
func wanted(n note) bool { return n.N >= 0 }

// longList is what is stored for a list of this size, of which one entry in so many has a document that is wanted. It is old
// enough to be compacted. The form is that of pkg/sidecar/pages.go.
func longList(size, every int) map[string]any {
	type run struct {
		First int      `json:"first"`
		IDs   []string `json:"ids"`
	}
	type ref struct {
		ID    string `json:"id"`
		First int    `json:"first"`
		Count int    `json:"count,omitempty"`
		Level int    `json:"level,omitempty"`
	}
	content := map[string]any{"note:stale": note{-1}}
	var ids []string
	for n := 1; n <= size; n++ {
		id := "stale"
		if n%every == 0 {
			id = strconv.Itoa(n)
			content["note:"+id] = note{n}
		}
		ids = append(ids, id)
	}
	var refs []ref
	first := 1
	for page := range slices.Chunk(ids[:size-32], 32) {
		refs = append(refs, ref{ID: strconv.Itoa(first), First: first, Count: len(page)})
		content["notes:a:"+refs[len(refs)-1].ID] = map[string]any{"entries": []run{{first, page}}}
		first += len(page)
	}
	for level := 1; len(refs) > 24; level++ {
		var above []ref
		for pages := range slices.Chunk(refs, 20) {
			above = append(above, ref{ID: fmt.Sprintf("%d-%d", level, pages[0].First), First: pages[0].First, Level: level})
			content["notes:a:"+above[len(above)-1].ID] = map[string]any{"pages": pages}
		}
		refs = above
	}
	content["notes:a"] = map[string]any{
		"last": size, "newest": []run{{first, ids[first-1:]}}, "older": refs, "seen": size, "seenAt": time.Unix(0, 0).UTC(),
	}
	return content
}

// save saves documents in the store behind a sidecar.
func save(t *testing.T, side *sidecar.Sidecar, content map[string]any) {
	t.Helper()
	for keys := range slices.Chunk(slices.Collect(maps.Keys(content)), 10) {
		var items []*dapr.SetStateItem
		for _, key := range keys {
			items = append(items, &dapr.SetStateItem{Key: key, Value: must.Get(json.Marshal(content[key]))(t)})
		}
		must.Do(t, side.Client().SaveBulkState(t.Context(), "order-store", items...))
	}
}

// compacted reports whether a compaction has ended, which is later than what longList says.
func compacted(t *testing.T, side *sidecar.Sidecar) bool {
	t.Helper()
	head := sidecar.NewDocuments[struct{ SeenAt time.Time }](side, "order-store", "notes")
	return must.Get(head.Get(t.Context(), "a"))(t).Value.SeenAt.Year() > 2000
}
