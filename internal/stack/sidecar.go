package stack

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"syscall"
	"time"
)

const (
	// startEvery is how often [RunSidecar] looks for the broker before it starts the sidecar.
	startEvery = 250 * time.Millisecond
	// watchEvery is how often it checks the broker afterwards.
	watchEvery = 5 * time.Second
	// containerGrace is longer than the time that any container has to end. Until then the sidecar may take its time.
	containerGrace = 5 * time.Minute
)

var errLongOutage = errors.New("the broker was unavailable for too long: its clients in the sidecar have given up, so the sidecar has to restart")

// RunSidecar runs a sidecar in a container until it or ctx ends. It starts the sidecar when the broker at address answers: one
// that starts earlier ends at once, and is started again later and later. It ends the sidecar when the broker answers again after
// an outage longer than outageLimit; the container's restart policy starts it again. Without an address the sidecar takes the
// place of this process.
func RunSidecar(ctx context.Context, address string, command []string) error {
	if address == "" {
		return syscall.Exec(command[0], command, os.Environ())
	}
	available := func(ctx context.Context) bool { return Probe(ctx, "tcp://"+address) == nil }
	if !await(ctx, available) {
		return nil
	}
	watched, end := context.WithCancelCause(ctx)
	defer end(nil)
	sidecar := exec.CommandContext(watched, command[0], command[1:]...)
	sidecar.Stdout, sidecar.Stderr = os.Stdout, os.Stderr
	sidecar.Cancel = func() error { return sidecar.Process.Signal(syscall.SIGTERM) }
	sidecar.WaitDelay = containerGrace
	if err := sidecar.Start(); err != nil {
		return err
	}
	go func() {
		ticks := time.NewTicker(watchEvery)
		defer ticks.Stop()
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

// await waits until available returns true, or returns false when ctx ends.
func await(ctx context.Context, available func(context.Context) bool) bool {
	ticks := time.NewTicker(startEvery)
	defer ticks.Stop()
	for !available(ctx) {
		select {
		case <-ctx.Done():
			return false
		case <-ticks.C:
		}
	}
	return true
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
