package sidecartest

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	dapr "github.com/dapr/go-sdk/client"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// World decides which process makes its next call to the store, so that only one runs at a time, and which process dies
// before or after a call. It is used within synctest.Test.
type World struct {
	states *States
	random *rand.Rand
	deaths int // one call in so many

	mu      sync.Mutex
	waiting map[string]chan bool // by name: true is life
	died    int
}

// NewWorld returns a world in which a process dies at one call in so many. The same seed gives the same order of calls.
func NewWorld(states *States, seed uint64, deaths int) *World {
	return &World{states: states, random: rand.New(rand.NewPCG(seed, 1)), deaths: deaths, waiting: map[string]chan bool{}} //nolint:gosec // for tests
}

// Process is a client of the store that belongs to one process of a world. It implements sidecar.StateClient.
type Process struct {
	Name   string
	states *States
	world  *World
	dead   bool // until the process is started again
}

// Process returns a process. Its name is unlike all others.
func (w *World) Process(name string) *Process {
	return &Process{Name: name, states: w.states, world: w}
}

// Died returns how often processes died.
func (w *World) Died() int { return w.died }

// Run runs processes until all have ended.
func (w *World) Run(processes map[string]func()) {
	var alive sync.WaitGroup
	ended := make(chan struct{})
	for _, do := range processes {
		alive.Go(do)
	}
	go func() { alive.Wait(); close(ended) }()
	for pause := time.Millisecond; ; {
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
			time.Sleep(pause) // all of them pause
			pause = min(2*pause, time.Second)
			continue
		}
		name := names[w.random.IntN(len(names))]
		turn := w.waiting[name]
		delete(w.waiting, name)
		w.mu.Unlock()
		turn <- w.random.IntN(w.deaths) > 0
		pause = time.Millisecond
	}
}

// call makes a call when it is the turn of the process.
func (p *Process) call(do func() error) error {
	for _, step := range []func() error{do, func() error { return nil }} {
		if p.dead {
			break
		}
		turn := make(chan bool)
		p.world.mu.Lock()
		p.world.waiting[p.Name] = turn
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

// GetState implements sidecar.StateClient.
func (p *Process) GetState(ctx context.Context, store, key string, meta map[string]string) (item *dapr.StateItem, err error) {
	err = p.call(func() (err error) { item, err = p.states.GetState(ctx, store, key, meta); return err })
	return item, err
}

// GetBulkState implements sidecar.StateClient.
func (p *Process) GetBulkState(
	ctx context.Context, store string, keys []string, meta map[string]string, n int32,
) (items []*dapr.BulkStateItem, err error) {
	err = p.call(func() (err error) { items, err = p.states.GetBulkState(ctx, store, keys, meta, n); return err })
	return items, err
}

// SaveBulkState implements sidecar.StateClient.
func (p *Process) SaveBulkState(ctx context.Context, store string, items ...*dapr.SetStateItem) error {
	return p.call(func() error { return p.states.SaveBulkState(ctx, store, items...) })
}

// DeleteStateWithETag implements sidecar.StateClient.
func (p *Process) DeleteStateWithETag(
	ctx context.Context, store, key string, etag *dapr.ETag, meta map[string]string, options *dapr.StateOptions,
) error {
	return p.call(func() error { return p.states.DeleteStateWithETag(ctx, store, key, etag, meta, options) })
}

// UntilItSucceeds starts the process again whenever it died.
func (p *Process) UntilItSucceeds(t testing.TB, do func() error) {
	for attempt := range 100 {
		p.dead = false
		err := do()
		if err == nil {
			return
		}
		if !p.dead && attempt > 20 {
			t.Errorf("%s: %v", p.Name, err)
			return
		}
	}
	t.Errorf("%s died too often", p.Name)
}
