package sidecar_test

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	dapr "github.com/dapr/go-sdk/client"

	"stoa/pkg/common/must"
	"stoa/pkg/sidecar"
	"stoa/pkg/sidecar/sidecartest"
)

// Writers, readers and two replicas that compact work on one list, in a random order of their calls, and die at any of them.
// No reader misses an entry or sees one twice, and in the end the list has what was added, in order, on few pages, and its
// note has what the writers noted.
func TestModel_noInterleavingLosesAnEntry(t *testing.T) {
	must.HaveTime(t)
	const stored = 4400 // in the head, on pages, and on a page of pages
	var keys map[string]string
	synctest.Test(t, func(t *testing.T) {
		s := newShelf(t, stored, 100)
		must.Do(t, s.lists.Compact(t.Context(), "all", every)) // notes what there is
		keys = s.content()
	})
	wanted := func(c counter) bool { return c.N >= stored || c.N%110 == 55 }
	for seed := range uint64(40) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(2 * time.Minute)
				modelled(t, seed, keys, stored, wanted)
			})
		})
	}
}

func modelled(t *testing.T, seed uint64, keys map[string]string, stored int, wanted func(counter) bool) {
	states, side := sidecartest.New()
	s := shelfOn(states, side)
	s.fill(t, keys)
	before, _ := s.read(t, 100, wanted)
	w := sidecartest.NewWorld(states, seed, 60)
	shelfOf := func(name string) (*sidecartest.Process, shelf) {
		p := w.Process(name)
		return p, shelfOn(states, sidecar.StatesOnly(p))
	}
	processes := map[string]func(){}
	const writers, each = 2, 130 // more than one page of new entries
	for writer := range writers {
		p, mine := shelfOf(fmt.Sprintf("writer %d", writer))
		processes[p.Name] = func() {
			for i := range each {
				n := stored + writers*i + writer
				p.UntilItSucceeds(t, func() error { return mine.addNoting(t, n) })
				s.create(t, n)
			}
		}
	}
	for replica := range 2 {
		p, mine := shelfOf(fmt.Sprintf("compaction %d", replica))
		processes[p.Name] = func() {
			for range 2 {
				p.UntilItSucceeds(t, func() error { return mine.lists.Compact(t.Context(), "all", wanted) })
			}
		}
	}
	for reader := range 2 {
		p, mine := shelfOf(fmt.Sprintf("reader %d", reader))
		processes[p.Name] = func() {
			for round := range 3 {
				mine.readAlive(t, p, wanted, before, 1+int(seed)%20+10*round)
			}
		}
	}
	w.Run(processes)

	s.compact(t, wanted)
	s.compact(t, wanted)
	got, _ := s.read(t, 100, wanted)
	slices.Sort(got)
	want := slices.Clone(before)
	for i := range writers * each {
		want = append(want, stored+i)
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	s.expectNoted(t, stored, writers*each)
	// A process that dies, or comes second, may leave a page that nothing names.
	if pages := len(states.Keys("store", "counters:all:")); pages > len(want)/50+1+2*w.Died() {
		t.Errorf("%d entries are on %d pages; processes died %d times", len(want), pages, w.Died())
	}
}

// addNoting adds a document to the list, and its number to the note of the list.
func (s shelf) addNoting(t *testing.T, n int) error {
	id := strconv.Itoa(n)
	return s.lists.AddNoting(t.Context(), "all", id, func(note *map[string]int) error {
		if *note == nil {
			*note = map[string]int{}
		}
		(*note)[id] = n
		return nil
	})
}

// expectNoted fails the test unless the note of the list has so many numbers from first on, and nothing else.
func (s shelf) expectNoted(t *testing.T, first, count int) {
	t.Helper()
	note := must.Get(s.lists.Note(t.Context(), "all"))(t)
	for i := range count {
		if n, noted := note[strconv.Itoa(first+i)]; !noted || n != first+i {
			t.Errorf("%d is not noted", first+i)
		}
	}
	if len(note) != count {
		t.Errorf("%d are noted, want %d", len(note), count)
	}
}

// readAlive reads the whole list, and checks that it has all entries of before, once and in order.
func (s shelf) readAlive(t *testing.T, p *sidecartest.Process, wanted func(counter) bool, before []int, limit int) {
	var all []int
	for cursor, end := "", false; !end; end = cursor == "" {
		p.UntilItSucceeds(t, func() error {
			items, next, err := s.lists.Page(t.Context(), "all", cursor, limit, wanted)
			if err != nil {
				return err
			}
			for _, item := range items {
				all = append(all, item.N)
			}
			cursor = next
			return nil
		})
	}
	seen := map[int]int{}
	for _, n := range all {
		seen[n]++
	}
	for _, n := range before {
		if seen[n] != 1 {
			t.Errorf("%s: %d was seen %d times in %v", p.Name, n, seen[n], all)
		}
	}
	old := slices.DeleteFunc(all, func(n int) bool { return n > before[0] })
	if !slices.Equal(old, before) {
		t.Errorf("%s: got %v, want %v", p.Name, old, before)
	}
}

// content is what the store has under each key.
func (s shelf) content() map[string]string {
	content := map[string]string{}
	for _, key := range s.states.Keys("store", "") {
		content[key] = s.states.Value("store", key)
	}
	return content
}

// fill stores what content returned.
func (s shelf) fill(t *testing.T, content map[string]string) {
	for key, value := range content {
		must.Do(t, s.states.SaveBulkState(t.Context(), "store", &dapr.SetStateItem{Key: key, Value: []byte(value)}))
	}
}
