package sidecar

import "context"

// maxWriters is how many saves a process has under way at once. More do not make a store faster: with SQLite, 16
// writers reach the throughput of 8 and wait far longer each.
const maxWriters = 8

// gate lets a number of callers through at a time; the rest wait in line, as long as their context lets them.
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
