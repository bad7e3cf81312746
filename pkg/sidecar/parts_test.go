package sidecar_test

import (
	"slices"
	"testing"
	"testing/synctest"

	"stoa/pkg/common/must"
	"stoa/pkg/sidecar"
)

// parts reads all parts of a list, and returns the numbers of each.
func (s shelf) parts(t *testing.T, size int64) (all [][]int) {
	t.Helper()
	for n := range must.Get(s.lists.Parts(t.Context(), "all", size))(t) {
		numbers := []int{}
		for _, c := range must.Get(s.lists.Part(t.Context(), "all", n, size, nil))(t) {
			numbers = append(numbers, c.N)
		}
		all = append(all, numbers)
	}
	return all
}

// expected are the parts of the documents 0 to n-1 that exist, of which a hundred have so many.
func expected(n, size, exist int) (all [][]int) {
	for from := 0; from < n; from += size {
		numbers := []int{}
		for i := min(from+size, n) - 1; i >= from; i-- {
			if i%100 < exist {
				numbers = append(numbers, i)
			}
		}
		all = append(all, numbers)
	}
	return all
}

func TestLists_areReadInParts(t *testing.T) {
	must.HaveTime(t)
	for _, tt := range []struct{ n, size int }{{0, 10}, {1, 10}, {10, 10}, {11, 10}, {95, 20}, {1234, 100}, {1234, 250}, {4321, 1000}} {
		got, want := newShelf(t, tt.n, 60).parts(t, int64(tt.size)), expected(tt.n, tt.size, 60)
		if !slices.EqualFunc(got, want, slices.Equal[[]int]) {
			t.Errorf("%d entries in parts of %d: got %v, want %v", tt.n, tt.size, got, want)
		}
	}
}

// Neither what is added nor a compaction moves a document to another part.
func TestLists_keepTheirParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf(t, 1000, 60)
		s.compact(t, every)
		if got, want := s.parts(t, 100), expected(1000, 100, 60); !slices.EqualFunc(got, want, slices.Equal[[]int]) {
			t.Errorf("after compaction: got %v, want %v", got, want)
		}
		for i := range 30 {
			must.Do(t, s.lists.Add(t.Context(), "all", "later"+string(rune('a'+i))))
		}
		if got, want := s.parts(t, 100)[:10], expected(1000, 100, 60); !slices.EqualFunc(got, want, slices.Equal[[]int]) {
			t.Errorf("after more entries: got %v, want %v", got, want)
		}
	})
}

// Who reads all batches of a list misses nothing that is on it.
func TestLists_areReadInBatches(t *testing.T) {
	s := newShelf(t, 250, 60)
	var got, want []int
	for batch, err := range s.lists.Batches(t.Context(), "all", sidecar.Once, nil) {
		must.Do(t, err)
		for _, c := range batch {
			got = append(got, c.N)
		}
	}
	for _, part := range expected(250, 100, 60) {
		want = append(want, part...)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for range s.lists.Batches(t.Context(), "all", sidecar.Once, nil) {
		break // and may stop
	}
}
