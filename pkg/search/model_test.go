package search_test

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/search"
	"stoa/pkg/sidecar"
	"stoa/pkg/sidecar/sidecartest"
)

// shelf is the truth of a model: books, and the events that tell of their changes. Only one process of a world runs at a time.
type shelf struct {
	books  map[string]book
	events []book // which were not handled yet
}

var vocabulary = strings.Fields("whale sea ship sand wood lake river stone")

func randomText(r *rand.Rand) string {
	var text []string
	for range 1 + r.IntN(6) {
		text = append(text, vocabulary[r.IntN(len(vocabulary))])
	}
	return strings.Join(text, " ")
}

// change changes a book, or makes one, and adds an event.
func (s *shelf) change(r *rand.Rand) {
	id := "book-" + strconv.Itoa(r.IntN(40))
	b := book{ID: id, Text: randomText(r), Version: s.books[id].Version + 1, Hidden: r.IntN(4) == 0}
	s.books[id] = b
	s.events = append(s.events, b)
}

// load loads the books that are not hidden.
func (s *shelf) load(_ context.Context, ids []string) (map[string]book, error) {
	found := map[string]book{}
	for _, id := range ids {
		if b, exists := s.books[id]; exists && !b.Hidden {
			found[id] = b
		}
	}
	return found, nil
}

// handle indexes what an event tells.
func handle(ctx context.Context, index *search.Index, b book) error {
	if b.Hidden {
		return index.Remove(ctx, b.ID, b.Version)
	}
	return index.Put(ctx, b.document())
}

// all yields the books that are not hidden, as they are when they are read.
func (s *shelf) all(ctx context.Context, p *sidecartest.Process) iter.Seq2[search.Document, error] {
	return func(yield func(search.Document, error) bool) {
		for _, id := range slices.Sorted(maps.Keys(s.books)) {
			// A read takes its turn, as any call of the process.
			if _, err := p.GetState(ctx, "store", "book", nil); err != nil {
				yield(search.Document{}, err)
				return
			}
			if b := s.books[id]; !b.Hidden && !yield(b.document(), nil) {
				return
			}
		}
	}
}

// read finds everything with a word, and fails the test if a document comes twice, or one does not come that had the word from
// before to after. A search that begins again, after its process died, is another one.
func (s *shelf) read(t *testing.T, p *sidecartest.Process, index *search.Index, word string, limit int, steady []string) {
	seen := map[string]int{}
	for cursor, end := "", false; !end; end = cursor == "" {
		p.UntilItSucceeds(t, func() error {
			page, next, err := search.Find(t.Context(), index, search.Query{Text: word, Cursor: cursor, Limit: limit}, s.load)
			if err != nil {
				return err
			}
			for _, b := range page {
				seen[b.ID]++
			}
			cursor = next
			return nil
		})
	}
	for id, n := range seen {
		if n > 1 {
			t.Errorf("%s: %s was found %d times", p.Name, id, n)
		}
	}
	for _, id := range steady {
		if strings.Contains(s.books[id].Text, word) && seen[id] != 1 {
			t.Errorf("%s: %s was found %d times by %q", p.Name, id, seen[id], word)
		}
	}
}

// Processes put, remove, merge, rebuild and search, in a random order of their calls, and die at any of them. Events come
// late, twice and in any order. No search finds a document twice, or misses one that does not change; and in the end the index
// finds what a look at all documents finds, and leaves nothing in the store.
func TestModel_noInterleavingLosesADocument(t *testing.T) {
	must.HaveTime(t)
	for seed := range uint64(40) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { modelled(t, seed) })
		})
	}
}

func modelled(t *testing.T, seed uint64) {
	states, side := sidecartest.New()
	w := sidecartest.NewWorld(states, seed, 150)
	r := rand.New(rand.NewPCG(seed, 2))
	s := &shelf{books: map[string]book{}}
	var steady []string
	for i := range 12 {
		b := book{ID: fmt.Sprintf("steady-%d", i), Text: randomText(r), Version: 1}
		s.books[b.ID], steady = b, append(steady, b.ID)
		must.Do(t, indexOn(side).Put(t.Context(), b.document()))
	}
	processes := map[string]func(){}
	start := func(name string, do func(p *sidecartest.Process, index *search.Index, r *rand.Rand)) {
		p := w.Process(fmt.Sprint(name, len(processes)))
		random := rand.New(rand.NewPCG(seed, uint64(10+len(processes))))
		processes[p.Name] = func() { do(p, indexOn(sidecar.StatesOnly(p)), random) }
	}
	for range 2 {
		start("writer", func(p *sidecartest.Process, index *search.Index, r *rand.Rand) {
			for range 60 {
				p.UntilItSucceeds(t, func() error { _, err := p.GetState(t.Context(), "store", "book", nil); return err })
				if s.change(r); r.IntN(3) > 0 {
					continue
				}
				at := r.IntN(len(s.events))
				event := s.events[at]
				if r.IntN(5) > 0 { // otherwise it comes again
					s.events = slices.Delete(s.events, at, at+1)
				}
				p.UntilItSucceeds(t, func() error { return handle(t.Context(), index, event) })
			}
		})
		start("maintenance", func(p *sidecartest.Process, index *search.Index, r *rand.Rand) {
			for range 12 {
				p.UntilItSucceeds(t, func() error { return index.Maintain(t.Context()) })
				time.Sleep(time.Duration(r.Int64N(int64(time.Minute))))
			}
		})
		start("reader", func(p *sidecartest.Process, index *search.Index, r *rand.Rand) {
			for range 8 {
				s.read(t, p, index, vocabulary[r.IntN(len(vocabulary))], 1+r.IntN(10), steady)
				time.Sleep(time.Duration(r.Int64N(int64(20 * time.Second))))
			}
		})
	}
	start("rebuild", func(p *sidecartest.Process, index *search.Index, _ *rand.Rand) {
		for range 3 {
			p.UntilItSucceeds(t, func() error {
				err := index.Rebuild(t.Context(), len(s.books), s.all(t.Context(), p))
				for errs.Is(err, errs.Conflict) { // the one before it died counts as alive for a while
					time.Sleep(time.Minute)
					err = index.Rebuild(t.Context(), len(s.books), s.all(t.Context(), p))
				}
				return err
			})
		}
	})
	w.Run(processes)
	index := indexOn(side)
	for _, event := range s.events {
		must.Do(t, handle(t.Context(), index, event))
	}
	s.expectAll(t, index)
	for range 2 { // what processes that died have left is deleted when it is old
		time.Sleep(6 * time.Minute)
		must.Do(t, index.Maintain(t.Context()))
	}
	s.expectAll(t, index)
	expectTidy(t, states, index)
	if got := must.Get(index.Status(t.Context()))(t); got.Segments > 12 || got.Rebuild != nil {
		t.Errorf("got %+v after %d deaths", got, w.Died())
	}
}

// expectAll compares what the index finds with the books.
func (s *shelf) expectAll(t *testing.T, index *search.Index) {
	t.Helper()
	l := &library{index: index, books: s.books}
	for _, word := range vocabulary {
		var want []string
		for id, b := range s.books {
			if !b.Hidden && strings.Contains(b.Text, word) {
				want = append(want, id)
			}
		}
		l.expectSet(t, word, want...)
	}
}
