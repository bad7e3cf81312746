package sidecar_test

import (
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"stoa/pkg/common/must"
	"stoa/pkg/sidecar/sidecartest"
)

func TestCompaction_keepsCursorsAndOrder(t *testing.T) {
	must.HaveTime(t)
	synctest.Test(t, func(t *testing.T) {
		s := newShelf(t, 4500, 10)
		_, cursor, err := s.lists.Page(t.Context(), "all", "", 33, nil)
		must.Do(t, err)
		s.compact(t, every)
		want := numbers(4500, func(c counter) bool { return c.N%100 < 10 })
		if got, pages := s.read(t, 20, nil); !slices.Equal(got, want) || pages > len(want)/20+1 {
			t.Errorf("got %v on %d pages", got, pages)
		}
		rest, _, err := s.lists.Page(t.Context(), "all", cursor, 1, nil)
		must.Do(t, err)
		if rest[0].N != want[33] {
			t.Errorf("the cursor goes on at %d, want %d", rest[0].N, want[33])
		}
		s.compact(t, every) // deletes what was replaced last
		if pages := s.states.Keys("store", "counters:all:"); len(pages) > 450/(paged/2)+1 {
			t.Errorf("450 entries are on %d pages", len(pages))
		}
	})
}

// One entry that stays does not keep the others around it.
func TestCompaction_leavesNoTraceOfWhatIsNotWanted(t *testing.T) {
	must.HaveTime(t)
	synctest.Test(t, func(t *testing.T) {
		s := newShelf(t, 4500, 1)
		s.compact(t, func(c counter) bool { return c.N == 1500 })
		s.compact(t, every)
		if got, pages := s.read(t, 20, nil); !slices.Equal(got, []int{1500}) || pages != 1 {
			t.Errorf("got %v on %d pages", got, pages)
		}
		if keys := s.states.Keys("store", "counters:all"); len(keys) != 2 {
			t.Errorf("got %v, want the head and one page", keys)
		}
	})
}

// The document of an entry may be about to be written.
func TestCompaction_keepsEntriesThatAreNotAMinuteOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf(t, 250, 0)
		for range 3 {
			must.Do(t, s.lists.Compact(t.Context(), "all", every))
			time.Sleep(10 * time.Second)
		}
		for i := range 250 {
			s.create(t, i)
		}
		s.compact(t, every)
		if got, _ := s.read(t, 100, nil); len(got) != 250 {
			t.Errorf("got %d entries, want 250", len(got))
		}
	})
}

// A long list takes longer than one compaction has. The next one goes on where it stopped.
func TestCompaction_goesOnWhereItStopped(t *testing.T) {
	must.HaveTime(t)
	synctest.Test(t, func(t *testing.T) {
		s := newShelf(t, 4500, 10)
		must.Do(t, s.lists.Compact(t.Context(), "all", every))
		time.Sleep(2 * time.Minute)
		s.states.Before = func(string, string) error {
			time.Sleep(time.Millisecond)
			return nil
		}
		for runs := 1; ; runs++ {
			began := time.Now()
			must.Do(t, s.lists.Compact(t.Context(), "all", every))
			if took := time.Since(began); took > 3*time.Second {
				t.Errorf("it took %s", took)
			}
			if pages := len(s.states.Keys("store", "counters:all:")); pages < 450/(paged/2) {
				if runs < 3 {
					t.Errorf("one run did it all")
				}
				break
			} else if runs > 10 {
				t.Fatalf("after %d runs there are %d pages", runs, pages)
			}
		}
		s.states.Before = nil
		if got, _ := s.read(t, 100, nil); len(got) != 450 {
			t.Errorf("got %d entries, want 450", len(got))
		}
	})
}

// What is not stale is not written again.
func TestCompaction_leavesFullPagesAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf(t, 700, 100)
		s.states.Drop("store", "counter:"+strconv.Itoa(350))
		before := s.states.Keys("store", "counters:all:")
		s.compact(t, every)
		s.compact(t, every)
		after := s.states.Keys("store", "counters:all:")
		kept := slices.DeleteFunc(slices.Clone(after), func(key string) bool { return !slices.Contains(before, key) })
		if len(after) != len(before) || len(kept) != len(before)-1 {
			t.Errorf("of %d pages %d are left; there are %d", len(before), len(kept), len(after))
		}
	})
}

// A process that sleeps at any call of a compaction, while another one compacts the whole list, does no harm.
func TestCompaction_mayOversleepAnother(t *testing.T) {
	must.HaveTime(t)
	synctest.Test(t, func(t *testing.T) {
		first := newShelf(t, 4300, 100)
		must.Do(t, first.lists.Compact(t.Context(), "all", every))
		stored := first.content()
		time.Sleep(2 * time.Minute)
		for sleep := range 12 {
			states, side := sidecartest.New()
			s := shelfOn(states, side)
			s.fill(t, stored)
			calls := 0
			states.Before = func(operation, key string) error {
				if calls++; calls == sleep {
					must.Do(t, s.lists.Compact(t.Context(), "all", every))
				}
				return nil
			}
			must.Do(t, s.lists.Compact(t.Context(), "all", every))
			states.Before = nil
			if got, _ := s.read(t, 100, nil); len(got) != 4300 {
				t.Errorf("asleep at call %d: %d entries are left", sleep, len(got))
			}
		}
	})
}

// A handler that failed after it had added an entry runs again, minutes later, while compaction removes the entry.
func TestCompaction_keepsWhatIsAddedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf(t, 1, 0)
		must.Do(t, s.lists.Compact(t.Context(), "all", every))
		time.Sleep(2 * time.Minute)
		s.states.Before = func(operation, key string) error {
			if operation == "save" {
				s.states.Before = nil
				must.Do(t, s.lists.Add(t.Context(), "all", "0"))
				s.create(t, 0)
			}
			return nil
		}
		must.Do(t, s.lists.Compact(t.Context(), "all", every))
		if got, _ := s.read(t, 1, nil); !slices.Equal(got, []int{0}) {
			t.Errorf("got %v, want it once", got)
		}
	})
}

// Documents that are added again and again, as by somebody who follows, and does not, and follows, are on the list once after some
// compactions.
func TestCompaction_keepsTheNewestOfSeveralEntries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf(t, 100, 100)
		for range 9 {
			for n := range 100 {
				must.Do(t, s.lists.Add(t.Context(), "all", strconv.Itoa(n)))
			}
		}
		for range 3 {
			s.compact(t, every)
		}
		listed := 0
		parts := must.Get(s.lists.Parts(t.Context(), "all", paged))(t)
		for n := range parts {
			listed += len(must.Get(s.lists.Part(t.Context(), "all", n, paged, nil))(t))
		}
		if got, _ := s.read(t, 50, nil); listed != 100 || !slices.Equal(got, numbers(100, nil)) {
			t.Errorf("%d are listed, read is %v", listed, got)
		}
	})
}
