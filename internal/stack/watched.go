package stack

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// watchEvery is how often [RunSidecar] looks whether the broker is there.
const watchEvery = 5 * time.Second

var errLongOutage = errors.New("the broker was away for long; its clients in the sidecar have given up, so it restarts")

// RunSidecar runs a sidecar in a container until it or ctx ends. When the broker at address comes back after an outage that
// was too long for the sidecar (see brokerPatience), the sidecar is ended, and whoever restarts containers starts it anew.
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
		there := func(ctx context.Context) bool { return Probe(ctx, "tcp://"+address) == nil }
		if outlasted(watched, ticks.C, there, brokerPatience) {
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

// outlasted looks at every tick whether something is there. It returns true once it is there again after an absence of
// more than patience, and false when ctx ends.
func outlasted(ctx context.Context, ticks <-chan time.Time, there func(context.Context) bool, patience time.Duration) bool {
	var gone time.Time
	for {
		select {
		case <-ctx.Done():
			return false
		case now := <-ticks:
			switch present := there(ctx); {
			case present && !gone.IsZero() && now.Sub(gone) > patience:
				return true
			case present:
				gone = time.Time{}
			case gone.IsZero():
				gone = now
			}
		}
	}
}
