package cache

import (
	"container/list"
	"sync"
	"time"
)

// overhead is about what an entry costs beside its key and its answer, in bytes.
const overhead = 512

// memory holds the answers that were asked for last, and the fetches under way.
type memory struct {
	maxEntries, maxBytes int

	mu      sync.Mutex
	entries map[string]*list.Element // of *entry
	recent  *list.List               // latest use first
	bytes   int
	flights map[string]*flight
}

// entry is what is known about a key for a while: an answer, or that its answers must not be shared.
type entry struct {
	key     string
	kept    *kept
	expires time.Time
	size    int
}

// flight is a fetch that callers wait for. The lock of the memory guards its fields.
type flight struct {
	// landed is closed when it is over.
	landed chan struct{}
	// kept is the answer, if it is for all; own means that each caller gets another one.
	kept *kept
	own  bool
	// retry is the flight for callers that waited for this one in vain. It is the last one that they wait for.
	retry *flight
	last  bool
}

// finding is what a caller does next: take kept, or give up if it failed; else fetch for itself if there is no flight; else
// lead the flight or wait for it.
type finding struct {
	kept   *kept
	failed bool
	flight *flight
	leads  bool
}

func newMemory(maxEntries, maxBytes int) *memory {
	return &memory{
		maxEntries: maxEntries, maxBytes: maxBytes,
		entries: map[string]*list.Element{}, recent: list.New(), flights: map[string]*flight{},
	}
}

// find looks a key up. Only a caller that may fly joins a flight.
func (m *memory) find(key string, now time.Time, mayFly bool) finding {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.look(key, now, mayFly)
}

// look is find with the lock held.
func (m *memory) look(key string, now time.Time, mayFly bool) finding {
	if element, ok := m.entries[key]; ok {
		if found := element.Value.(*entry); now.Before(found.expires) {
			m.recent.MoveToFront(element)
			return finding{kept: found.kept}
		}
		m.remove(element)
	}
	if !mayFly {
		return finding{}
	}
	if f, ok := m.flights[key]; ok {
		return finding{flight: f}
	}
	f := &flight{landed: make(chan struct{})}
	m.flights[key] = f
	return finding{flight: f, leads: true}
}

// after says how to go on after the flight of another caller. When it failed, one of those that waited asks again, so that a
// broken connection affects one caller only. When that fails too, all of them get the error, to spare the service.
func (m *memory) after(key string, f *flight, now time.Time) finding {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case f.kept != nil:
		return finding{kept: f.kept}
	case f.own:
		return finding{}
	case f.last:
		return finding{failed: true}
	case f.retry != nil:
		return finding{flight: f.retry}
	}
	next := m.look(key, now, true)
	if f.retry = next.flight; f.retry != nil {
		f.retry.last = true
	}
	return next
}

// keep ends a flight with an answer for all.
func (m *memory) keep(key string, f *flight, answer *kept) {
	size := overhead + len(key) + answer.size()
	m.land(key, f, &entry{key: key, kept: answer, expires: answer.expires, size: size})
}

// unshare ends a flight whose answer is for one caller only; until the given time, callers do not wait for each other.
func (m *memory) unshare(key string, f *flight, until time.Time) {
	m.land(key, f, &entry{key: key, expires: until, size: overhead + len(key)})
}

// fail ends a flight without an answer, unless it has ended.
func (m *memory) fail(key string, f *flight) { m.land(key, f, nil) }

func (m *memory) land(key string, f *flight, e *entry) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.flights[key] != f {
		return
	}
	delete(m.flights, key)
	if e != nil {
		m.add(e)
		f.kept, f.own = e.kept, e.kept == nil
	}
	close(f.landed)
}

// add puts an entry first and makes room for it at the end.
func (m *memory) add(e *entry) {
	if old, ok := m.entries[e.key]; ok {
		m.remove(old)
	}
	m.entries[e.key] = m.recent.PushFront(e)
	m.bytes += e.size
	for len(m.entries) > m.maxEntries || m.bytes > m.maxBytes {
		m.remove(m.recent.Back())
	}
}

func (m *memory) remove(element *list.Element) {
	e := m.recent.Remove(element).(*entry)
	delete(m.entries, e.key)
	m.bytes -= e.size
}
