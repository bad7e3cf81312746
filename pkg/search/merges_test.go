package search_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/search"
	"stoa/pkg/sidecar"
)

// Whichever call of a merge fails, or succeeds without an answer, the next Maintain merges the same segments, at once.
func TestMaintain_mergesAgainAtOnce(t *testing.T) {
	for _, happened := range []bool{false, true} {
		for n, failed := 1, true; failed; n++ {
			synctest.Test(t, func(t *testing.T) {
				l := newLibrary()
				var want []string
				for i := range 5 {
					l.put(t, book{ID: fmt.Sprint(i), Text: "whale"})
					want = append(want, fmt.Sprint(i))
				}
				failing := failAt(l.states, n, happened)
				_ = l.index.Maintain(t.Context())
				failed = failing()
				must.Do(t, l.index.Maintain(t.Context()))
				if got := must.Get(l.index.Status(t.Context()))(t); got.Segments != 1 {
					t.Errorf("call %d, happened: %t: got %+v", n, happened, got)
				}
				l.expectSet(t, "whale", want...)
				for range 2 {
					time.Sleep(6 * time.Minute)
					must.Do(t, l.index.Maintain(t.Context()))
				}
				l.expectSet(t, "whale", want...)
				expectTidy(t, l.states, l.index)
			})
		}
	}
}

// A put has seconds, and a merge of many documents takes longer: that is left to Maintain.
func TestPut_mergesOnlyWhatIsSmall(t *testing.T) {
	l := newLibrary()
	for i := range 100 {
		var some []search.Document
		for n := range 200 {
			some = append(some, book{ID: fmt.Sprint(i, "-", n), Text: "whale"}.document())
		}
		must.Do(t, l.index.Put(t.Context(), some...))
	}
	written := 0
	l.states.Before = func(operation, _ string) error {
		if operation == "save" {
			written++
		}
		return nil
	}
	l.put(t, book{ID: "a", Text: "dolphin"})
	if got := must.Get(l.index.Status(t.Context()))(t); got.Segments != 101 || written != 3 {
		t.Errorf("after %d writes: got %+v", written, got)
	}
}

// While the store is too slow for merges, puts stop trying.
func TestPut_triesFewMerges(t *testing.T) {
	must.HaveTime(t)
	l := newLibrary()
	for i := range 100 {
		l.put(t, book{ID: fmt.Sprint(i), Text: "whale"})
	}
	l.states.Before = func(operation, key string) error {
		if operation == "get" && strings.HasPrefix(key, "search-part:") { // only merges read
			return status.Error(codes.Unavailable, "too slow")
		}
		return nil
	}
	for i := range 100 {
		l.put(t, book{ID: fmt.Sprint("new", i), Text: "whale"})
	}
	if claims := strings.Count(l.states.Value("store", "search:books"), `"at"`); claims > 25 {
		t.Errorf("%d merges are noted", claims)
	}
}

// A rebuild that deletes for minutes what an earlier one has left is not taken for dead.
func TestRebuild_isNotTakenForDead(t *testing.T) {
	must.HaveTime(t)
	synctest.Test(t, func(t *testing.T) {
		l, broken := newLibrary(), errors.New("broken")
		var long strings.Builder
		for i := range 200_000 {
			fmt.Fprintf(&long, "w%d ", i)
		}
		for _, id := range []string{"a", "b", "c"} {
			l.books[id] = book{ID: id, Text: long.String(), Version: 1}
		}
		if err := l.index.Rebuild(t.Context(), 3, l.all(2, func() error { return broken })); !errors.Is(err, broken) {
			t.Fatal(err)
		}
		deleted, other := 0, indexOn(sidecar.StatesOnly(l.states))
		l.states.Before = func(operation, _ string) error {
			if operation != "delete" {
				return nil
			}
			deleted++
			time.Sleep(5 * time.Second)
			if err := other.Rebuild(t.Context(), 0, newLibrary().all(-1, nil)); !errs.Is(err, errs.Conflict) {
				t.Errorf("after %d deletions another rebuild begins: %v", deleted, err)
			}
			return nil
		}
		must.Do(t, l.index.Rebuild(t.Context(), 3, l.all(-1, nil)))
		l.states.Before = nil
		l.expectSet(t, "w199999", "a", "b", "c")
		for range 2 {
			must.Do(t, l.index.Maintain(t.Context()))
			time.Sleep(6 * time.Minute)
		}
		if expectTidy(t, l.states, l.index); deleted == 0 {
			t.Error("nothing was left")
		}
	})
}
