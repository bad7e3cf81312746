package messaging

import (
	"math/rand/v2"
	"time"

	"stoa/pkg/common/errs"
)

// maxTracked bounds how many failing events are counted. Above it, the counts of some events start from zero, which only causes
// some more attempts.
const maxTracked = 5_000

// failures is how often an event has failed in this process. Runs that a crash interrupts are not counted, so crashes alone make
// no dead letters.
type failures struct{ defects, outages int }

// count counts one more failed run, unless err is nil. It returns the number of failures without outages, and how long to wait
// before the next attempt.
func (c *Consumer) count(key string, err error) (defects int, wait time.Duration) {
	if err == nil {
		return 0, 0
	}
	n, _ := c.failures.Get(key)
	if errs.Is(err, errs.Unavailable) {
		n.outages++
		wait = backoff(n.outages, maxOutageWait)
	} else {
		n.defects++
		wait = backoff(n.defects, maxDefectWait)
	}
	c.failures.Put(key, n)
	return n.defects, wait
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
