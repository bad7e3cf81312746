package search_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	dapr "github.com/dapr/go-sdk/client"

	"stoa/pkg/common/must"
	"stoa/pkg/search"
	"stoa/pkg/sidecar"
	"stoa/pkg/sidecar/sidecartest"
)

// book is what a service stores.
type book struct {
	ID, Title, Text, Number string
	Tags                    []string
	Version                 int64
	Hidden                  bool
}

func (b book) document() search.Document {
	texts := map[string]string{"title": b.Title, "text": b.Text, "number": b.Number}
	return search.Document{ID: b.ID, Version: b.Version, Texts: texts, Tags: b.Tags}
}

// library has books, and an index of them.
type library struct {
	states *sidecartest.States
	index  *search.Index
	books  map[string]book
	loaded int // how many ids were loaded
}

func newLibrary() *library {
	states, side := sidecartest.New()
	return &library{states: states, index: indexOn(side), books: map[string]book{}}
}

func indexOn(side *sidecar.Sidecar) *search.Index {
	return search.New(side, "store", "books",
		search.Field{Name: "title", Weight: 3, Length: 5},
		search.Field{Name: "text", Weight: 1, Length: 20},
		search.Field{Name: "number", Weight: 10, Length: 1, Whole: true},
	)
}

// put stores books and indexes each.
func (l *library) put(t *testing.T, books ...book) {
	t.Helper()
	for _, b := range books {
		l.books[b.ID] = b
		must.Do(t, l.index.Put(t.Context(), b.document()))
	}
}

// load loads the books that are not hidden.
func (l *library) load(_ context.Context, ids []string) (map[string]book, error) {
	found := map[string]book{}
	l.loaded += len(ids)
	for _, id := range ids {
		if b, exists := l.books[id]; exists && !b.Hidden {
			found[id] = b
		}
	}
	return found, nil
}

// find returns the ids of what a query finds, page by page.
func (l *library) find(t *testing.T, q search.Query) string {
	t.Helper()
	var all []string
	if q.Limit == 0 {
		q.Limit = 3
	}
	for end := false; !end; end = q.Cursor == "" {
		var page []book
		page, q.Cursor = l.page(t, q)
		for _, b := range page {
			all = append(all, b.ID)
		}
		if len(all) > 10_000 {
			t.Fatal("the pages do not end")
		}
	}
	return strings.Join(all, " ")
}

// page returns a page and the cursor of the next one.
func (l *library) page(t *testing.T, q search.Query) ([]book, string) {
	t.Helper()
	page, next, err := search.Find(t.Context(), l.index, q, l.load)
	if err != nil {
		t.Fatalf("%+v: %v", q, err)
	}
	return page, next
}

func (l *library) expect(t *testing.T, text, want string) {
	t.Helper()
	if got := l.find(t, search.Query{Text: text}); got != want {
		t.Errorf("%q: got %q, want %q", text, got, want)
	}
}

// expectSet is expect in any order.
func (l *library) expectSet(t *testing.T, text string, want ...string) {
	t.Helper()
	got := strings.Fields(l.find(t, search.Query{Text: text}))
	slices.Sort(got)
	if want = slices.Sorted(slices.Values(want)); !slices.Equal(got, want) {
		t.Errorf("%q: got %q, want %q", text, got, want)
	}
}

// expectTidy fails the test if the store has parts that no manifest names, or the other way round.
func expectTidy(t *testing.T, states *sidecartest.States, index *search.Index) {
	t.Helper()
	parts := 0
	for _, key := range states.Keys("store", "search-part:") {
		if strings.HasSuffix(key, ".0") {
			parts++
		}
		segment := strings.Split(key, ".")[1]
		if !strings.Contains(states.Value("store", "search:books"), fmt.Sprintf("%q", segment)) {
			t.Errorf("nobody knows of %s", key)
		}
	}
	status := must.Get(index.Status(t.Context()))(t)
	if parts < status.Segments {
		t.Errorf("%d segments have %d heads", status.Segments, parts)
	}
}

// write replaces what the store has under a key.
func (l *library) write(t *testing.T, key, value string) {
	t.Helper()
	last := &dapr.StateOptions{Concurrency: dapr.StateConcurrencyLastWrite}
	must.Do(t, l.states.SaveBulkState(t.Context(), "store", &dapr.SetStateItem{Key: key, Value: []byte(value), Options: last}))
}
