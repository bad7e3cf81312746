package kit

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	dapr "github.com/dapr/go-sdk/client"

	"stoa/pkg/common/must"
	"stoa/pkg/sidecar"
	"stoa/pkg/sidecar/sidecartest"
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
	copyTo(t, side, prepared(t, size, every))
	client := &counted{StateClient: side.Client()}
	_, lists := notesOn(sidecar.StatesOnly(client))

	if _, next := readPage(t, client, lists, "", 20, 20+1020, 30); next == "" {
		t.Error("a page without its cursor")
	}
	client.calls = 0
	for began := time.Now(); !compacted(t, side); {
		must.Do(t, lists.Compact(t.Context(), "a", func(note) bool { return true }))
		t.Logf("%s: compaction made %d calls", time.Since(began), client.calls)
	}
	for _, limit := range []int{1, 20, 100} {
		total := 0
		for cursor, end := "", false; !end; end = cursor == "" {
			items, next := readPage(t, client, lists, cursor, limit, limit+12, 6)
			total += len(items)
			cursor = next
			if limit == 1 && total == 300 {
				break
			}
		}
		if limit > 1 && total != size/every {
			t.Errorf("by %d: %d items, want %d", limit, total, size/every)
		}
	}
	for _, place := range []int64{1, 2, size / 3, size / 2, size - 1, size} {
		readPage(t, client, lists, strconv.FormatInt(place, 10), 100, 112, 6)
	}
}

// readPage reads a page, and checks how many keys and calls that took.
func readPage(
	t *testing.T, client *counted, lists *sidecar.Lists[note], cursor string, limit, keys, calls int,
) ([]note, string) {
	t.Helper()
	client.calls, client.keys = 0, 0
	items, next, err := lists.Page(t.Context(), "a", cursor, limit, nil)
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

// prepared is the content of a store with a list of this size, of which one entry in so many has a document. It is old enough
// to be compacted.
func prepared(t *testing.T, size, every int) map[string]string {
	t.Helper()
	content := map[string]string{}
	synctest.Test(t, func(t *testing.T) {
		states, side := sidecartest.New()
		notes, lists := notesOn(side)
		for i := range size {
			id := strconv.Itoa(i)
			must.Do(t, lists.Add(t.Context(), "a", id))
			if i%every == 0 {
				must.Do(t, notes.Create(t.Context(), id, note{i}, 0))
			}
		}
		must.Do(t, lists.Compact(t.Context(), "a", func(note) bool { return true }))
		for _, key := range states.Keys("order-store", "") {
			content[key] = states.Value("order-store", key)
		}
	})
	return content
}

// copyTo saves content in the store behind a sidecar.
func copyTo(t *testing.T, side *sidecar.Sidecar, content map[string]string) {
	t.Helper()
	var items []*dapr.SetStateItem
	for key, value := range content {
		if items = append(items, &dapr.SetStateItem{Key: key, Value: []byte(value)}); len(items) == 100 {
			must.Do(t, side.Client().SaveBulkState(t.Context(), "order-store", items...))
			items = nil
		}
	}
	must.Do(t, side.Client().SaveBulkState(t.Context(), "order-store", items...))
}

// compacted reports whether a compaction has ended since the list was prepared, which was at the beginning of the millennium.
func compacted(t *testing.T, side *sidecar.Sidecar) bool {
	t.Helper()
	head := sidecar.NewDocuments[struct{ SeenAt time.Time }](side, "order-store", "notes")
	return must.Get(head.Get(t.Context(), "a"))(t).Value.SeenAt.Year() > 2000
}
