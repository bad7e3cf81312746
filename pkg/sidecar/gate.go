package sidecar

import "context"

// maxWriters is how many saves a process makes at once. More do not make a store faster: with SQLite, 16 writers have the
// throughput of 8, and each waits far longer.
const maxWriters = 8

// gate lets a number of callers through at a time. The others wait until it is their turn or their context ends.
type gate chan struct{}

func newGate(n int) gate { return make(gate, n) }

// enter waits for a place. Its error is that of the context.
func (g gate) enter(ctx context.Context) error {
	select {
	case g <- struct{}{}:
		return nil
	case <-ctx.Done():
		return unavailable(ctx.Err(), "the state store")
	}
}

func (g gate) leave() { <-g }
