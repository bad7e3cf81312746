package providers

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"

	"stoa/services/auth/internal/domain"
)

// places are for the callers who hash a password or wait to. They are shared out by network: however many clients a few
// networks have, there is a place for the next network, and its turn comes soon.
type places struct {
	size  int // of all
	kept  int // for familiar networks
	slots int // how many hashes run at a time
	cores *semaphore.Weighted

	mu    sync.Mutex
	taken int
	lanes map[string]*lane // by network
}

// lane has the callers of one network. No more of them than there are slots wait for a core, the others wait for them. So a
// caller waits for a few callers of every other network, not for all.
type lane struct {
	taken int
	turns *semaphore.Weighted
}

func newPlaces(size, kept, slots int) *places {
	return &places{
		size: size, kept: kept, slots: slots, cores: semaphore.NewWeighted(int64(slots)), lanes: map[string]*lane{},
	}
}

// take takes a place until it is left. A network that has as many places as are still free for it gets no more.
func (p *places) take(from domain.Origin) (*place, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	free := p.size - p.taken
	if !from.Familiar {
		free -= p.kept
	}
	own := p.lanes[from.Network]
	if own == nil {
		own = &lane{turns: semaphore.NewWeighted(int64(p.slots))}
	}
	if own.taken >= free {
		return nil, false
	}
	p.taken++
	own.taken++
	p.lanes[from.Network] = own
	return &place{places: p, network: from.Network, lane: own}, true
}

// place is the place of one caller.
type place struct {
	*places
	*lane
	network string
}

// leave gives the place back.
func (p *place) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.places.taken--
	if p.lane.taken--; p.lane.taken == 0 {
		delete(p.lanes, p.network)
	}
}

// run does the work when its turn has come. It fails if ctx ends before that.
func (p *place) run(ctx context.Context, work func()) error {
	if err := p.turns.Acquire(ctx, 1); err != nil {
		return err
	}
	defer p.turns.Release(1)
	if err := p.cores.Acquire(ctx, 1); err != nil {
		return err
	}
	defer p.cores.Release(1)
	work()
	return nil
}
