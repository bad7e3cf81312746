package search_test

import (
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/search"
)

// Events may arrive twice, late, and in any order: the highest version counts, and a removal beats a put of the same version.
func TestPut_takesEventsInAnyOrder(t *testing.T) {
	for seed := range uint64(50) {
		r, l := rand.New(rand.NewPCG(seed, 1)), newLibrary()
		put := func(version int64, text string) func() error {
			return func() error {
				return l.index.Put(t.Context(), book{ID: "a", Version: version, Text: text}.document())
			}
		}
		removal := func(version int64) func() error {
			return func() error { return l.index.Remove(t.Context(), "a", version) }
		}
		l.books["a"] = book{ID: "a"}
		events := []func() error{put(1, "one"), put(2, "two"), removal(3), put(1, "one"), removal(2), put(2, "two")}
		want := map[string]string{}
		switch seed % 3 {
		case 0:
			events = append(events, put(5, "five"))
			want["five"] = "a"
		case 1:
			events = append(events, put(5, "five"), removal(5))
		}
		r.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
		for _, event := range events {
			must.Do(t, event())
			if r.IntN(3) == 0 {
				must.Do(t, l.index.Maintain(t.Context()))
			}
		}
		for _, text := range []string{"one", "two", "five"} {
			l.expect(t, text, want[text])
		}
	}
}

func TestPut_refusesWhatCannotBeADocument(t *testing.T) {
	l := newLibrary()
	for _, b := range []book{{}, {ID: "a", Version: -1}, {ID: "\xff"}, {ID: "a\x00"}, {ID: strings.Repeat("x", 201)}} {
		if err := l.index.Put(t.Context(), b.document()); err == nil {
			t.Errorf("%+v is put", b)
		}
		if err := l.index.Remove(t.Context(), b.ID, b.Version); err == nil {
			t.Errorf("%+v is removed", b)
		}
	}
	must.Do(t, l.index.Put(t.Context()))
	if got := must.Get(l.index.Status(t.Context()))(t); got != (search.Status{}) {
		t.Errorf("got %+v", got)
	}
}

// Documents of any text are put and found.
func TestPut_takesAnyText(t *testing.T) {
	must.HaveTime(t)
	l := newLibrary()
	for i, text := range []string{"", "\x00\xff", strings.Repeat("x", 100_000), strings.Repeat("ж ", 100_000), "<script>", "\u202e", "👩‍👩‍👧"} {
		l.put(t, book{ID: fmt.Sprint(i), Title: "whale", Text: text, Number: text, Tags: []string{text}})
	}
	l.expectSet(t, "whale", "0", "1", "2", "3", "4", "5", "6")
}

// Four segments of about the same size become one, so there are few; and what was replaced is deleted after some minutes.
func TestMaintain_keepsFewSegments(t *testing.T) {
	must.HaveTime(t)
	synctest.Test(t, func(t *testing.T) {
		l := newLibrary()
		var want []string
		for i := range 400 {
			l.put(t, book{ID: fmt.Sprint(i), Text: "whale " + strings.Repeat(fmt.Sprintf("w%d ", i), 3)})
			want = append(want, fmt.Sprint(i))
			must.Do(t, l.index.Maintain(t.Context()))
			if got := must.Get(l.index.Status(t.Context()))(t); got.Segments > 15 || got.Entries != i+1 {
				t.Fatalf("after %d: got %+v", i+1, got)
			}
		}
		l.expectSet(t, "whale", want...)
		time.Sleep(6 * time.Minute)
		must.Do(t, l.index.Maintain(t.Context()))
		expectTidy(t, l.states, l.index)
		l.expectSet(t, "whale", want...)
		if heads := len(l.states.Keys("store", "search-part:")); heads > 40 {
			t.Errorf("%d parts are left", heads)
		}
	})
}

// Nobody has to call Maintain for the number of segments to stay limited.
func TestPut_mergesWhenNobodyElseDoes(t *testing.T) {
	must.HaveTime(t)
	l := newLibrary()
	for i := range 250 {
		l.put(t, book{ID: fmt.Sprint(i), Text: "whale"})
	}
	if got := must.Get(l.index.Status(t.Context()))(t); got.Segments > 101 {
		t.Errorf("got %+v", got)
	}
}

// all yields the documents of a library, and calls meanwhile before the n-th.
func (l *library) all(n int, meanwhile func() error) iter.Seq2[search.Document, error] {
	return func(yield func(search.Document, error) bool) {
		ids := []string{}
		for id := range l.books {
			ids = append(ids, id)
		}
		slices.Sort(ids)
		for i, id := range ids {
			if i == n {
				if err := meanwhile(); err != nil {
					yield(search.Document{}, err)
					return
				}
			}
			if !yield(l.books[id].document(), nil) {
				return
			}
		}
	}
}

func TestRebuild_losesNothingThatIsPutMeanwhile(t *testing.T) {
	must.HaveTime(t)
	l := newLibrary()
	long := strings.Repeat("sand ", 100_000) // several batches
	for i := range 20 {
		l.put(t, book{ID: fmt.Sprint(i), Text: "whale " + long, Version: 1})
	}
	must.Do(t, l.index.Put(t.Context(), book{ID: "lost", Text: "whale", Version: 1}.document())) // it is not stored
	must.Do(t, l.index.Remove(t.Context(), "19", 1))
	before := must.Get(l.index.Status(t.Context()))(t)
	must.Do(t, l.index.Rebuild(t.Context(), 20, l.all(15, func() error {
		status := must.Get(l.index.Status(t.Context()))(t)
		if r := status.Rebuild; r == nil || r.Total != 20 || r.Indexed == 0 || r.Indexed > 15 || status.Segments != before.Segments {
			t.Errorf("got %+v, %+v", status, r)
		}
		if err := l.index.Rebuild(t.Context(), 1, l.all(-1, nil)); !errs.Is(err, errs.Conflict) {
			t.Errorf("a second rebuild: got %v", err)
		}
		changed := book{ID: "3", Text: "dolphin", Version: 2} // has been read already
		l.put(t, changed, book{ID: "new", Text: "whale", Version: 1})
		l.expectSet(t, "dolphin", "3")
		return errors.Join(l.index.Remove(t.Context(), "4", 2), l.index.Maintain(t.Context()))
	})))
	want := []string{"new"}
	for i := range 20 {
		if i != 3 && i != 4 { // 19 was stored after all
			want = append(want, fmt.Sprint(i))
		}
	}
	l.expectSet(t, "whale", want...)
	l.expectSet(t, "dolphin", "3")
	must.Do(t, l.index.Maintain(t.Context()))
	l.expectSet(t, "whale", want...)
	if got := must.Get(l.index.Status(t.Context()))(t); got.Rebuild != nil || got.Entries > 24 {
		t.Errorf("got %+v", got)
	}
}

func TestRebuild_replacesAllThatWasPutBefore(t *testing.T) {
	l := newLibrary()
	l.put(t, book{ID: "a", Text: "whale", Version: 1})
	must.Do(t, l.index.Put(t.Context(), book{ID: "lost", Text: "whale", Version: 1}.document()))
	must.Do(t, l.index.Remove(t.Context(), "a", 1))
	must.Do(t, l.index.Rebuild(t.Context(), 1, l.all(-1, nil)))
	l.expectSet(t, "whale", "a")
	if got := must.Get(l.index.Status(t.Context()))(t); got.Entries != 1 {
		t.Errorf("got %+v", got)
	}
}

// A rebuild that ends in the middle changes nothing of what is found, leaves nothing, and does not prevent the next one.
func TestRebuild_mayFail(t *testing.T) {
	must.HaveTime(t)
	synctest.Test(t, func(t *testing.T) {
		l, broken := newLibrary(), errors.New("broken")
		long := strings.Repeat("sand ", 100_000)
		for i := range 20 {
			l.put(t, book{ID: fmt.Sprint(i), Text: long + "whale", Version: 1})
		}
		if err := l.index.Rebuild(t.Context(), 20, l.all(12, func() error { return broken })); !errors.Is(err, broken) {
			t.Errorf("got %v", err)
		}
		found := len(strings.Fields(l.find(t, search.Query{Text: "whale"})))
		time.Sleep(3 * time.Minute)
		if found != 20 {
			t.Errorf("%d are found", found)
		}
		must.Do(t, l.index.Maintain(t.Context()))
		if got := must.Get(l.index.Status(t.Context()))(t); got.Rebuild != nil {
			t.Errorf("got %+v", got.Rebuild)
		}
		_ = l.index.Rebuild(t.Context(), 20, l.all(12, func() error { return broken }))
		time.Sleep(3 * time.Minute)
		must.Do(t, l.index.Rebuild(t.Context(), 20, l.all(-1, nil)))
		time.Sleep(6 * time.Minute)
		must.Do(t, l.index.Maintain(t.Context()))
		expectTidy(t, l.states, l.index)
		if got := len(strings.Fields(l.find(t, search.Query{Text: "whale"}))); got != 20 {
			t.Errorf("%d are found", got)
		}
	})
}
