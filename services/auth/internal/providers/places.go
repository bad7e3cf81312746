package providers

import (
	"sync"

	"stoa/services/auth/internal/domain"
)

// places are for the callers who hash a password or wait to. They are shared out by network: however many clients a few
// networks have, there is a place for the next network.
type places struct {
	size int // of all
	kept int // for familiar networks

	mu    sync.Mutex
	taken int
	held  map[string]int // by network
}

func newPlaces(size, kept int) *places {
	return &places{size: size, kept: kept, held: map[string]int{}}
}

// take takes a place until leave is called. A network that holds as many places as are still free for it gets no more.
func (p *places) take(from domain.Origin) (leave func(), ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	free := p.size - p.taken
	if !from.Familiar {
		free -= p.kept
	}
	if p.held[from.Network] >= free {
		return nil, false
	}
	p.taken++
	p.held[from.Network]++
	return func() { p.giveBack(from.Network) }, true
}

func (p *places) giveBack(network string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken--
	if p.held[network]--; p.held[network] == 0 {
		delete(p.held, network)
	}
}
