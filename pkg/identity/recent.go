package identity

import "sync"

// recent remembers up to twice limit entries. It forgets those first that were not used for longest. It is safe for concurrent
// use.
type recent[K comparable, V any] struct {
	limit int

	mu         sync.Mutex
	young, old map[K]V
}

func newRecent[K comparable, V any](limit int) *recent[K, V] {
	return &recent[K, V]{limit: limit, young: map[K]V{}}
}

func (r *recent[K, V]) get(key K) (value V, known bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if value, known = r.young[key]; known {
		return value, true
	}
	if value, known = r.old[key]; known {
		r.keep(key, value)
	}
	return value, known
}

func (r *recent[K, V]) put(key K, value V) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keep(key, value)
}

// keep puts an entry among the young ones. When these are limit, they become the old ones, and the old ones are forgotten.
func (r *recent[K, V]) keep(key K, value V) {
	if len(r.young) >= r.limit {
		r.young, r.old = make(map[K]V, r.limit), r.young
	}
	r.young[key] = value
}
