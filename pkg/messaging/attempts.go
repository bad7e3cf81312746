package messaging

import (
	"math/rand/v2"
	"sync"
	"time"
)

// maxTracked bounds how many failing events are counted at once. Above it, all counts start from zero, which only
// causes some more attempts.
const maxTracked = 10_000

// attempts counts how often each event has failed in this process, by topic and event id. Runs that a crash interrupts are
// not counted, so crashes alone make no dead letters.
type attempts struct {
	mu      sync.Mutex
	defects map[string]int
	outages map[string]int
}

func newAttempts() *attempts {
	return &attempts{defects: map[string]int{}, outages: map[string]int{}}
}

// record counts one more failure. It returns the number of failures without outages, and how long to wait before the next
// attempt.
func (a *attempts) record(key string, outage bool) (defects int, wait time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.defects)+len(a.outages) > maxTracked {
		a.defects, a.outages = map[string]int{}, map[string]int{}
	}
	if outage {
		a.outages[key]++
		return a.defects[key], backoff(a.outages[key], maxOutageWait)
	}
	a.defects[key]++
	return a.defects[key], backoff(a.defects[key], maxDefectWait)
}

// forget drops the counts of an event that needs no further attempt.
func (a *attempts) forget(key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.defects, key)
	delete(a.outages, key)
}

// The longest waits between two attempts. On some brokers (JetStream) the next events wait until this one is handled. In an
// outage they would fail too; for a defect of one event they should not wait long.
const (
	maxOutageWait = 2 * time.Second
	maxDefectWait = 400 * time.Millisecond
)

// backoff doubles from 50 ms to `most`, with jitter. Without this wait, the broker would deliver a failed event again at once.
func backoff(attempt int, most time.Duration) time.Duration {
	wait := min(50*time.Millisecond<<min(attempt-1, 10), most)
	return wait/2 + rand.N(wait/2) //nolint:gosec // spreading retries needs no secret
}
