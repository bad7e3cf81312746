// Package share lets callers who ask an app the same at the same time share one question, without hiding from the app's circuit
// breaker how many wait. The built-in gateway and the plugin for Kong share it.
package share

import (
	"context"
	"time"

	"golang.org/x/sync/singleflight"
)

// Breaker is the circuit breaker of an app. sidecar.Crowd implements it.
type Breaker interface {
	// Closed reports whether calls go through.
	Closed() bool
	// Waited counts a caller who has waited this long for the call of another, which failed.
	Waited(took time.Duration)
}

// Questions are those that callers wait for now.
type Questions struct{ flights singleflight.Group }

// Ask returns what ask returns, called once for all who ask for the same key at the same time, and whether this caller is the
// one who asked. Ask ends early with ctx; ask does not. While the breaker, which may be nil, is not closed, each caller asks
// alone: then the breaker refuses them at once, but for the one who tries whether the app is back.
func (q *Questions) Ask(ctx context.Context, app Breaker, key string, ask func() (any, error)) (value any, asked bool, err error) {
	began, leads := time.Now(), false
	leading := func() (any, error) {
		leads = true
		return ask()
	}
	var done <-chan singleflight.Result
	if app == nil || app.Closed() {
		done = q.flights.DoChan(key, leading)
	} else {
		done = new(singleflight.Group).DoChan(key, leading)
	}
	select {
	case <-ctx.Done():
		return nil, false, ctx.Err()
	case result := <-done:
		if result.Err != nil && !leads && app != nil {
			app.Waited(time.Since(began))
		}
		return result.Val, leads, result.Err
	}
}
