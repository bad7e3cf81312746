package stack

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// watchEvery is how often [RunSidecar] checks the broker.
const watchEvery = 5 * time.Second

var errLongOutage = errors.New("the broker was unavailable for too long: its clients in the sidecar have given up, so the sidecar has to restart")

// RunSidecar runs a sidecar in a container until it or ctx ends. It ends the sidecar when the broker at address answers again
// after an outage longer than outageLimit; the container's restart policy starts it again.
func RunSidecar(ctx context.Context, address string, command []string) error {
	watched, end := context.WithCancelCause(ctx)
	defer end(nil)
	sidecar := exec.CommandContext(watched, command[0], command[1:]...)
	sidecar.Stdout, sidecar.Stderr = os.Stdout, os.Stderr
	sidecar.Cancel = func() error { return sidecar.Process.Signal(syscall.SIGTERM) }
	sidecar.WaitDelay = stopGrace
	if err := sidecar.Start(); err != nil {
		return err
	}
	go func() {
		ticks := time.NewTicker(watchEvery)
		defer ticks.Stop()
		available := func(ctx context.Context) bool { return Probe(ctx, "tcp://"+address) == nil }
		if longOutage(watched, ticks.C, available, outageLimit) {
			end(errLongOutage)
		}
	}()
	err := sidecar.Wait()
	switch {
	case ctx.Err() != nil:
		return nil
	case errors.Is(context.Cause(watched), errLongOutage):
		return errLongOutage
	}
	return err
}

// longOutage calls available at every tick. It returns true after an outage longer than limit has ended, and false when ctx
// ends.
func longOutage(ctx context.Context, ticks <-chan time.Time, available func(context.Context) bool, limit time.Duration) bool {
	var gone time.Time
	for {
		select {
		case <-ctx.Done():
			return false
		case now := <-ticks:
			switch present := available(ctx); {
			case present && !gone.IsZero() && now.Sub(gone) > limit:
				return true
			case present:
				gone = time.Time{}
			case gone.IsZero():
				gone = now
			}
		}
	}
}
