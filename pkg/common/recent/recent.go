// Package recent has a cache of bounded size that keeps what was used lately.
package recent

import "sync"

// Memory keeps up to twice limit entries. It first drops the entries that were not used for the longest time. It is safe for
// concurrent use.
type Memory[K comparable, V any] struct {
	limit int

	mu         sync.Mutex
	young, old map[K]V
}

// New returns an empty memory.
func New[K comparable, V any](limit int) *Memory[K, V] {
	return &Memory[K, V]{limit: limit, young: map[K]V{}}
}

// Get returns what was last put under a key.
func (m *Memory[K, V]) Get(key K) (value V, known bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	value, known = m.young[key]
	if !known {
		if value, known = m.old[key]; known {
			m.keep(key, value)
		}
	}
	return value, known
}

// Put remembers a value in place of an earlier one.
func (m *Memory[K, V]) Put(key K, value V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.keep(key, value)
}

// Forget drops an entry.
func (m *Memory[K, V]) Forget(key K) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.young, key)
	delete(m.old, key)
}

// keep puts an entry among the young ones. When there are limit of them, they become the old ones, and the old ones are dropped.
func (m *Memory[K, V]) keep(key K, value V) {
	if len(m.young) >= m.limit {
		m.young, m.old = make(map[K]V, m.limit), m.young
	}
	m.young[key] = value
}
