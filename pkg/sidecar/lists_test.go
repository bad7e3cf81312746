package sidecar_test

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/sidecar"
	"stoa/pkg/sidecar/sidecartest"
)

const (
	full  = 64 // entries of a full head
	paged = 32 // entries of a page
)

// shelf has documents in memory, which are on the list "all".
type shelf struct {
	states    *sidecartest.States
	documents *sidecar.Documents[counter]
	lists     *sidecar.NotedLists[counter, map[string]int]
}

// newShelf returns the documents 0 to n-1, in this order on the list. Of each hundred, only the first exist.
func newShelf(t *testing.T, n, exist int) shelf {
	t.Helper()
	states, side := sidecartest.New()
	s := shelfOn(states, side)
	for i := range n {
		must.Do(t, s.lists.Add(t.Context(), "all", strconv.Itoa(i)))
		if i%100 < exist {
			s.create(t, i)
		}
	}
	return s
}

func shelfOn(states *sidecartest.States, side *sidecar.Sidecar) shelf {
	documents := sidecar.NewDocuments[counter](side, "store", "counter")
	return shelf{states, documents, sidecar.NewNotedLists[counter, map[string]int](documents, "counters")}
}

func (s shelf) create(t *testing.T, n int) {
	t.Helper()
	must.Do(t, s.documents.Create(t.Context(), strconv.Itoa(n), counter{N: n}, 0))
}

// read follows the cursors to the end and returns the numbers, and how many pages there were.
func (s shelf) read(t *testing.T, limit int, match func(counter) bool) (all []int, pages int) {
	t.Helper()
	for cursor := ""; ; {
		items, next, err := s.lists.Page(t.Context(), "all", cursor, limit, match)
		must.Do(t, err)
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

// page returns the first page.
func (s shelf) page(t *testing.T, limit int) []counter {
	t.Helper()
	items, _, err := s.lists.Page(t.Context(), "all", "", limit, nil)
	must.Do(t, err)
	return items
}

// compact compacts the list as often as it takes. It lets every entry become old enough.
func (s shelf) compact(t *testing.T, wanted func(counter) bool) {
	t.Helper()
	for range 2 { // the first one notes which entries there are
		must.Do(t, s.lists.Compact(t.Context(), "all", wanted))
		time.Sleep(2 * time.Minute)
	}
}

// reads returns how many keys are read, and in how many calls, until do returns.
func (s shelf) reads(do func()) (keys int) {
	s.states.Before = func(operation, _ string) error {
		if operation == "get" {
			keys++
		}
		return nil
	}
	defer func() { s.states.Before = nil }()
	do()
	return keys
}

func every(counter) bool { return true }

// numbers returns those below n that match, the last one first.
func numbers(n int, match func(counter) bool) (list []int) {
	for i := n - 1; i >= 0; i-- {
		if match == nil || match(counter{N: i}) {
			list = append(list, i)
		}
	}
	return list
}

func TestLists_pageThroughWhatMatches(t *testing.T) {
	must.HaveTime(t)
	for _, size := range []int{0, 1, full - 1, full, full + 1, 350} {
		s := newShelf(t, size, 100)
		for name, match := range map[string]func(counter) bool{
			"all":           nil,
			"every third":   func(c counter) bool { return c.N%3 == 0 },
			"the oldest":    func(c counter) bool { return c.N < 5 },
			"none":          func(counter) bool { return false },
			"the newest 99": func(c counter) bool { return c.N >= size-99 },
		} {
			want := numbers(size, match)
			for _, limit := range []int{1, 7, 20, 100} {
				got, pages := s.read(t, limit, match)
				if !slices.Equal(got, want) {
					t.Errorf("%d, %s by %d: got %v", size, name, limit, got)
				}
				if full := len(want)/limit + 1; pages > full {
					t.Errorf("%d, %s by %d: %d pages, want at most %d: a page must be filled where it can", size, name, limit, pages, full)
				}
			}
		}
	}
}

func TestLists_addOnce(t *testing.T) {
	s := newShelf(t, 150, 100)
	for i := 150 - paged; i < 150; i++ {
		must.Do(t, s.lists.Add(t.Context(), "all", strconv.Itoa(i)))
	}
	if got, _ := s.read(t, 100, nil); len(got) != 150 {
		t.Errorf("got %d entries, want 150", len(got))
	}
}

func TestLists_addManyByOneWrite(t *testing.T) {
	s := newShelf(t, 0, 0)
	var ids []string
	for n := range 200 {
		s.create(t, n)
		ids = append(ids, strconv.Itoa(n))
	}
	if reads := s.reads(func() { must.Do(t, s.lists.Add(t.Context(), "all", ids...)) }); reads != 1 {
		t.Errorf("%d keys are read", reads)
	}
	must.Do(t, s.lists.Add(t.Context(), "all", ids[180:]...))
	if got, _ := s.read(t, 1000, nil); !slices.Equal(got, numbers(200, nil)) {
		t.Errorf("got %v", got)
	}
	if head := s.states.Value("store", "counters:all"); !strings.Contains(head, `"last":200`) {
		t.Errorf("some were added again: %s", head)
	}
}

func TestLists_loseNothingToConcurrentWriters(t *testing.T) {
	s := newShelf(t, 0, 0)
	var all sync.WaitGroup
	for writer := range 8 {
		all.Go(func() {
			for i := range 60 {
				if err := s.lists.Add(t.Context(), "all", strconv.Itoa(60*writer+i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	for i := range 480 {
		s.create(t, i)
	}
	got, _ := s.read(t, 100, nil)
	slices.Sort(got)
	if len(got) != 480 || len(slices.Compact(got)) != 480 {
		t.Errorf("got %d entries, want 480 different ones", len(got))
	}
	if pages := s.states.Keys("store", "counters:all:"); len(pages) != (480-full)/paged {
		t.Errorf("got %d pages, want %d: writers that race write the same page", len(pages), (480-full)/paged)
	}
}

// Adding to a list and reading its newest entries takes the same calls, however long the list is.
func TestLists_addAndReadAtTheSamePriceHoweverLongTheyAre(t *testing.T) {
	must.HaveTime(t)
	s := newShelf(t, 0, 0)
	for n := 0; n < 4500; n++ {
		reads := s.reads(func() { must.Do(t, s.lists.Add(t.Context(), "all", strconv.Itoa(n))) })
		if reads != 1 {
			t.Fatalf("%d entries: adding one reads %d keys, want 1", n, reads)
		}
		s.create(t, n)
		if n%500 != 499 {
			continue
		}
		if reads = s.reads(func() { s.page(t, 10) }); reads != 1+10 {
			t.Fatalf("%d entries: a page of 10 reads %d keys, want 11", n, reads)
		}
	}
	if got, _ := s.read(t, 100, nil); !slices.Equal(got, numbers(4500, nil)) {
		t.Errorf("got %v", got)
	}
	if size := len(s.states.Value("store", "counters:all")); size > 6<<10 {
		t.Errorf("the head has %d bytes", size)
	}
}

// However few documents match or still exist, one page reads a bounded number of keys, and the next ones go on from there.
// Once the list is compacted, a page reads hardly more than what it shows.
func TestLists_readBoundedPages(t *testing.T) {
	must.HaveTime(t)
	synctest.Test(t, func(t *testing.T) {
		s := newShelf(t, 3000, 100)
		for i := 100; i < 3000; i++ {
			s.states.Drop("store", "counter:"+strconv.Itoa(i))
		}
		for _, limit := range []int{1, 20, 100} {
			reads := s.reads(func() { s.page(t, limit) })
			if reads > limit+1060 {
				t.Errorf("a page of %d: %d reads", limit, reads)
			}
			if got, _ := s.read(t, limit, nil); len(got) != 100 {
				t.Errorf("by %d: got %d items, want 100", limit, len(got))
			}
		}
		s.compact(t, func(c counter) bool { return c.N < 50 })
		for _, limit := range []int{1, 20, 50} {
			reads := s.reads(func() {
				if items := s.page(t, limit); len(items) != limit {
					t.Errorf("compacted: %d items", len(items))
				}
			})
			if reads > limit+12 {
				t.Errorf("compacted: %d reads", reads)
			}
		}
		if _, err := s.documents.Get(t.Context(), "70"); err != nil {
			t.Errorf("compaction must leave the documents alone: %v", err)
		}
	})
}

func TestLists_refuseForeignCursors(t *testing.T) {
	s := newShelf(t, 150, 100)
	for _, cursor := range []string{"x", "7.0", "0", "-1", "151", "9999999999999999999", "+1 "} {
		reads := s.reads(func() {
			if _, _, err := s.lists.Page(t.Context(), "all", cursor, 20, nil); !errs.Is(err, errs.Invalid) {
				t.Errorf("%q: got %v", cursor, err)
			}
		})
		if reads > 1 {
			t.Errorf("%q: %d reads", cursor, reads)
		}
	}
}

// A store that lost a page must not make a list unreadable.
func TestLists_skipALostPage(t *testing.T) {
	s := newShelf(t, 350, 100)
	s.states.Drop("store", s.states.Keys("store", "counters:all:")[0])
	if got, _ := s.read(t, 100, nil); len(got) != 350-paged {
		t.Errorf("got %d entries, want %d", len(got), 350-paged)
	}
}

// A crash at any call of a writer leaves nothing behind that hurts.
func TestLists_surviveACrashAtEveryStep(t *testing.T) {
	for step := range 6 {
		s := newShelf(t, full, 100)
		operations := 0
		s.states.After = func(string, string) error {
			if operations++; operations > step {
				return status.Error(codes.Unavailable, "killed")
			}
			return nil
		}
		_ = s.lists.Add(t.Context(), "all", strconv.Itoa(full))
		s.states.After = nil
		must.Do(t, s.lists.Add(t.Context(), "all", strconv.Itoa(full)))
		s.create(t, full)
		if got, _ := s.read(t, 50, nil); !slices.Equal(got, numbers(full+1, nil)) {
			t.Errorf("killed after step %d: got %v", step, got)
		}
		if pages := s.states.Keys("store", "counters:all:"); len(pages) != 1 {
			t.Errorf("killed after step %d: got the pages %v, want one", step, pages)
		}
	}
}
