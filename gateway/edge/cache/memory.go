package cache

import (
	"container/list"
	"sync"
	"time"
)

// overhead is about what an entry costs beside its key and its answer, in bytes.
const overhead = 512

// memory holds what was asked for last.
type memory struct {
	maxEntries, maxBytes int

	mu      sync.Mutex
	entries map[string]*list.Element // of *entry
	recent  *list.List               // latest use first
	bytes   int
}

// entry is what is known about a key for a while: an answer for all callers, or none, since each gets another one.
type entry struct {
	key     string
	answer  *answer
	expires time.Time
	size    int
}

func newMemory(maxEntries, maxBytes int) *memory {
	return &memory{maxEntries: maxEntries, maxBytes: maxBytes, entries: map[string]*list.Element{}, recent: list.New()}
}

// find returns what is known about a key, or nil.
func (m *memory) find(key string, now time.Time) *entry {
	m.mu.Lock()
	defer m.mu.Unlock()
	element, ok := m.entries[key]
	if !ok {
		return nil
	}
	found := element.Value.(*entry)
	if !now.Before(found.expires) {
		m.remove(element)
		return nil
	}
	m.recent.MoveToFront(element)
	return found
}

// keep remembers what is known about a key. It makes room at the end.
func (m *memory) keep(key string, a *answer, until time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := &entry{key: key, answer: a, expires: until, size: overhead + len(key)}
	if a != nil {
		e.size += a.size()
	}
	if old, ok := m.entries[key]; ok {
		m.remove(old)
	}
	m.entries[key] = m.recent.PushFront(e)
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
