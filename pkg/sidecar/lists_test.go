package sidecar_test

import (
	"slices"
	"strconv"
	"testing"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/sidecar"
	"stoa/pkg/sidecar/sidecartest"
)

// newCounters returns documents with the numbers 0 to n-1, in this order on the list "all".
func newCounters(t *testing.T, n int) (*sidecartest.States, *sidecar.Documents[counter], *sidecar.Lists[counter]) {
	t.Helper()
	states, side := sidecartest.New()
	documents := sidecar.NewDocuments[counter](side, "store", "counter")
	lists := sidecar.NewLists(documents, "counters")
	for i := range n {
		id := strconv.Itoa(i)
		must.Do(t, lists.Add(t.Context(), "all", id))
		must.Do(t, documents.Create(t.Context(), id, counter{N: i}, 0))
	}
	return states, documents, lists
}

// readPages follows the cursors to the end and returns the numbers, and how many pages there were.
func readPages(t *testing.T, lists *sidecar.Lists[counter], limit int, match func(counter) bool) (all []int, pages int) {
	t.Helper()
	for cursor := ""; ; {
		items, next, err := lists.Page(t.Context(), "all", cursor, limit, match)
		if err != nil {
			t.Fatal(err)
		}
		if items == nil || len(items) > limit {
			t.Fatalf("got %v, want up to %d items, and never null", items, limit)
		}
		for _, item := range items {
			all = append(all, item.N)
		}
		pages++
		if cursor = next; next == "" {
			return all, pages
		}
	}
}

func TestLists_pageThroughWhatMatches(t *testing.T) {
	_, _, lists := newCounters(t, 350)
	for name, match := range map[string]func(counter) bool{
		"all":           nil,
		"every third":   func(c counter) bool { return c.N%3 == 0 },
		"the oldest":    func(c counter) bool { return c.N < 5 },
		"none":          func(counter) bool { return false },
		"the newest 99": func(c counter) bool { return c.N > 250 },
	} {
		var want []int
		for n := 349; n >= 0; n-- {
			if match == nil || match(counter{N: n}) {
				want = append(want, n)
			}
		}
		for _, limit := range []int{1, 7, 20, 100} {
			got, pages := readPages(t, lists, limit, match)
			if !slices.Equal(got, want) {
				t.Errorf("%s by %d: got %v", name, limit, got)
			}
			if full := len(want)/limit + 1; pages > full {
				t.Errorf("%s by %d: %d pages, want at most %d: a page must be filled where it can", name, limit, pages, full)
			}
		}
	}
	_, side := sidecartest.New()
	empty := sidecar.NewLists(sidecar.NewDocuments[counter](side, "store", "counter"), "counters")
	if got, pages := readPages(t, empty, 20, nil); len(got) != 0 || pages != 1 {
		t.Errorf("an empty list: got %v on %d pages", got, pages)
	}
}

// However few documents match or still exist, one page reads a bounded number of keys, and the next page continues there.
func TestLists_readBoundedPages(t *testing.T) {
	const size, stale, more = 3000, 2900, 1012 // more: reads of documents and pages in addition to the limit
	states, documents, lists := newCounters(t, size)
	for i := size - stale; i < size; i++ {
		states.Drop("store", "counter:"+strconv.Itoa(i))
	}
	reads := 0
	states.Before = func(string, string) error { reads++; return nil }
	for _, limit := range []int{1, 20, 100} {
		reads = 0
		if _, next, err := lists.Page(t.Context(), "all", "", limit, nil); err != nil || next == "" || reads > limit+more {
			t.Errorf("a page of %d: %d reads, next %q, %v", limit, reads, next, err)
		}
		if got, _ := readPages(t, lists, limit, nil); len(got) != size-stale {
			t.Errorf("by %d: got %d items, want %d", limit, len(got), size-stale)
		}
	}
	must.Do(t, lists.Compact(t.Context(), "all", func(c counter) bool { return c.N < 10 }))
	reads = 0
	items, _, err := lists.Page(t.Context(), "all", "", 10, nil)
	if err != nil || len(items) != 10 || reads > 150 {
		t.Errorf("compacted: %d items by %d reads, %v", len(items), reads, err)
	}
	if _, err := documents.Get(t.Context(), "50"); err != nil {
		t.Errorf("compaction must leave the documents alone: %v", err)
	}
}

func TestLists_refuseForeignCursors(t *testing.T) {
	_, _, lists := newCounters(t, 1)
	for _, cursor := range []string{"x", "7.0", "0.100"} {
		if _, _, err := lists.Page(t.Context(), "all", cursor, 20, nil); !errs.Is(err, errs.Invalid) {
			t.Errorf("%q: got %v", cursor, err)
		}
	}
}
