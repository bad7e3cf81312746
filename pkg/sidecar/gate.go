package sidecar

import (
	"context"
	"math/rand/v2"
	"time"
)

// maxWriters is how many writes a process makes at once. More do not make a store faster: with SQLite, 16 writers have the
// throughput of 8, and each waits far longer.
const maxWriters = 8

// gate limits how many callers write at once. The others wait for their turn or the end of their context.
type gate chan struct{}

func newGate(n int) gate { return make(gate, n) }

// enter waits for a place. It fails with errs.Unavailable if the context ends first.
func (g gate) enter(ctx context.Context) error {
	select {
	case g <- struct{}{}:
		return nil
	case <-ctx.Done():
		return unavailable(ctx.Err(), "the state store")
	}
}

func (g gate) leave() { <-g }

// pause waits for a random time, longer with each attempt, so that writers of one document stop colliding.
func pause(ctx context.Context, attempt int) error {
	most := time.Millisecond << min(attempt, 5)
	return sleep(ctx, rand.N(most)) //nolint:gosec // spreading writers needs no secret
}

func sleep(ctx context.Context, wait time.Duration) error {
	select {
	case <-time.After(wait):
		return nil
	case <-ctx.Done():
		return unavailable(ctx.Err(), "the state store")
	}
}
