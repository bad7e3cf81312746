package messaging

import (
	"math/rand/v2"
	"sync"
	"time"
)

// maxTracked bounds how many failing events are counted at once. Above it all counts start again, which costs only some more
// attempts.
const maxTracked = 10_000

// attempts counts how often each event has failed in this process. A restart forgets the counts, so that crashes make no dead
// letters.
type attempts struct {
	mu     sync.Mutex
	failed map[string]int // by topic and event id, for defects
	waited map[string]int // the same, for outages
}

func newAttempts() *attempts {
	return &attempts{failed: map[string]int{}, waited: map[string]int{}}
}

// record counts one more failure and returns how many there were, and how long to wait before the next attempt.
func (a *attempts) record(key string, outage bool) (failures int, wait time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.failed)+len(a.waited) > maxTracked {
		a.failed, a.waited = map[string]int{}, map[string]int{}
	}
	if outage {
		a.waited[key]++
		return a.failed[key], backoff(a.waited[key], maxOutageWait)
	}
	a.failed[key]++
	return a.failed[key], backoff(a.failed[key], maxDefectWait)
}

// forget drops the counts of an event that needs no further attempt.
func (a *attempts) forget(key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.failed, key)
	delete(a.waited, key)
}

// The longest waits between two attempts. On some brokers (JetStream) the events behind a refused one wait with it. In an outage
// they would fail too; for a defect of one event they should not wait long.
const (
	maxOutageWait = 2 * time.Second
	maxDefectWait = 400 * time.Millisecond
)

// backoff doubles from 50 ms to most, with jitter. The broker itself would deliver a refused event again at once.
func backoff(attempt int, most time.Duration) time.Duration {
	wait := min(50*time.Millisecond<<min(attempt-1, 10), most)
	return wait/2 + rand.N(wait/2) //nolint:gosec // spreading retries needs no secret
}
