package sidecar

import (
	"context"
	"time"

	"stoa/pkg/common/errs"
)

// patience is how long Patiently tries, and patiencePause the wait between two tries.
const (
	patience      = time.Minute
	patiencePause = time.Second
)

// Try is a way to do something that may fail: Once or Patiently.
type Try func(ctx context.Context, do func() error) error

// Once does something once.
func Once(_ context.Context, do func() error) error { return do() }

// Patiently does something again and again while it fails with errs.Unavailable, for a minute. It is for work that has taken minutes
// and would begin at its beginning. Requests, events and schedules need none of it: those who send them try again.
func Patiently(ctx context.Context, do func() error) error {
	for end := time.Now().Add(patience); ; {
		err := do()
		if !errs.Is(err, errs.Unavailable) || time.Now().After(end) || sleep(ctx, patiencePause) != nil {
			return err
		}
	}
}
