package backlog

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"stoa/pkg/common/errs"
	"stoa/pkg/observability"
)

// atOnce is how many calls SideBySide makes at the same time: as many as a process writes at once, see package sidecar.
const atOnce = 8

// SideBySide calls do with each of all, several at the same time, and joins the errors in the order of all. What fails for a reason
// of its own, or panics, holds up nothing else; if something is not available, no more calls begin. Those that have begun come to
// their end.
func SideBySide[T any](ctx context.Context, all []T, do func(context.Context, T) error) error {
	var calls sync.WaitGroup
	var away atomic.Bool
	failed, places := make([]error, len(all)), make(chan struct{}, atOnce)
	for i, one := range all {
		if places <- struct{}{}; away.Load() {
			break
		}
		calls.Go(func() {
			defer func() { <-places }()
			failed[i] = observability.Safely(ctx, func(ctx context.Context) error { return do(ctx, one) })
			if errs.Is(failed[i], errs.Unavailable) {
				away.Store(true)
			}
		})
	}
	calls.Wait()
	return errors.Join(failed...)
}
