package service

import (
	"context"
	"time"
)

// Every returns a part that runs a task now and then again after each pause, until ctx ends.
func Every(pause time.Duration, task func(ctx context.Context)) Part {
	return func(ctx context.Context) error {
		tick := time.NewTicker(pause)
		defer tick.Stop()
		for {
			task(ctx)
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
			}
		}
	}
}
