package sidecar_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	dapr "github.com/dapr/go-sdk/client"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"stoa/pkg/common/must"
	"stoa/pkg/sidecar"
	"stoa/pkg/sidecar/sidecartest"
)

// world decides which process makes its next call to the store, so that only one runs at a time, and which process dies
// before or after a call.
type world struct {
	random  *rand.Rand
	deaths  int // one call in so many
	mu      sync.Mutex
	waiting map[string]chan bool // by name: true is life
	died    int
}

// process is a client that belongs to one process of a world.
type process struct {
	*sidecartest.States
	world *world
	name  string
	dead  bool // until the process is started again
}

// run runs processes until all have ended.
func (w *world) run(processes map[string]func()) {
	var alive sync.WaitGroup
	ended := make(chan struct{})
	for _, do := range processes {
		alive.Go(do)
	}
	go func() { alive.Wait(); close(ended) }()
	for {
		synctest.Wait()
		select {
		case <-ended:
			return
		default:
		}
		w.mu.Lock()
		names := slices.Sorted(maps.Keys(w.waiting))
		if len(names) == 0 {
			w.mu.Unlock()
			time.Sleep(time.Millisecond) // all of them pause
			continue
		}
		name := names[w.random.IntN(len(names))]
		turn := w.waiting[name]
		delete(w.waiting, name)
		w.mu.Unlock()
		turn <- w.random.IntN(w.deaths) > 0
	}
}

// call makes a call when it is the turn of the process.
func (p *process) call(do func() error) error {
	for _, step := range []func() error{do, func() error { return nil }} {
		if p.dead {
			break
		}
		turn := make(chan bool)
		p.world.mu.Lock()
		p.world.waiting[p.name] = turn
		p.world.mu.Unlock()
		if p.dead = !<-turn; p.dead {
			p.world.died++
			break
		}
		if err := step(); err != nil {
			return err
		}
	}
	if p.dead {
		return status.Error(codes.Unavailable, "killed")
	}
	return nil
}

func (p *process) GetState(ctx context.Context, store, key string, meta map[string]string) (item *dapr.StateItem, err error) {
	err = p.call(func() (err error) { item, err = p.States.GetState(ctx, store, key, meta); return err })
	return item, err
}

func (p *process) GetBulkState(
	ctx context.Context, store string, keys []string, meta map[string]string, n int32,
) (items []*dapr.BulkStateItem, err error) {
	err = p.call(func() (err error) { items, err = p.States.GetBulkState(ctx, store, keys, meta, n); return err })
	return items, err
}

func (p *process) SaveBulkState(ctx context.Context, store string, items ...*dapr.SetStateItem) error {
	return p.call(func() error { return p.States.SaveBulkState(ctx, store, items...) })
}

func (p *process) DeleteStateWithETag(
	ctx context.Context, store, key string, etag *dapr.ETag, meta map[string]string, options *dapr.StateOptions,
) error {
	return p.call(func() error { return p.States.DeleteStateWithETag(ctx, store, key, etag, meta, options) })
}

// untilItSucceeds starts the process again whenever it died.
func (p *process) untilItSucceeds(t *testing.T, do func() error) {
	for attempt := range 100 {
		p.dead = false
		err := do()
		if err == nil {
			return
		}
		if !p.dead && attempt > 20 {
			t.Errorf("%s: %v", p.name, err)
			return
		}
	}
	t.Errorf("%s died too often", p.name)
}

// Writers, readers and two replicas that compact work on one list, in a random order of their calls, and die at any of them.
// No reader misses an entry or sees one twice, and in the end the list has what was added, in order, on few pages, and its
// note has what the writers noted.
func TestModel_noInterleavingLosesAnEntry(t *testing.T) {
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
	w := &world{random: rand.New(rand.NewPCG(seed, 1)), deaths: 60, waiting: map[string]chan bool{}}
	shelfOf := func(name string) (*process, shelf) {
		p := &process{States: states, world: w, name: name}
		return p, shelfOn(states, sidecar.StatesOnly(p))
	}
	processes := map[string]func(){}
	const writers, each = 2, 130 // more than one page of new entries
	for writer := range writers {
		p, mine := shelfOf(fmt.Sprintf("writer %d", writer))
		processes[p.name] = func() {
			for i := range each {
				n := stored + writers*i + writer
				p.untilItSucceeds(t, func() error { return mine.addNoting(t, n) })
				s.create(t, n)
			}
		}
	}
	for replica := range 2 {
		p, mine := shelfOf(fmt.Sprintf("compaction %d", replica))
		processes[p.name] = func() {
			for range 2 {
				p.untilItSucceeds(t, func() error { return mine.lists.Compact(t.Context(), "all", wanted) })
			}
		}
	}
	for reader := range 2 {
		p, mine := shelfOf(fmt.Sprintf("reader %d", reader))
		processes[p.name] = func() {
			for round := range 3 {
				mine.readAlive(t, p, wanted, before, 1+int(seed)%20+10*round)
			}
		}
	}
	w.run(processes)

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
	if pages := len(states.Keys("store", "counters:all:")); pages > len(want)/50+1+2*w.died {
		t.Errorf("%d entries are on %d pages; processes died %d times", len(want), pages, w.died)
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
func (s shelf) readAlive(t *testing.T, p *process, wanted func(counter) bool, before []int, limit int) {
	var all []int
	for cursor, end := "", false; !end; end = cursor == "" {
		p.untilItSucceeds(t, func() error {
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
			t.Errorf("%s: %d was seen %d times in %v", p.name, n, seen[n], all)
		}
	}
	old := slices.DeleteFunc(all, func(n int) bool { return n > before[0] })
	if !slices.Equal(old, before) {
		t.Errorf("%s: got %v, want %v", p.name, old, before)
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
