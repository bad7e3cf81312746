package service

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"stoa/pkg/sidecar/sidecartest"
)

func TestApp_asksTheDependenciesOnceForThePublic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, side := sidecartest.New()
		app := &App{Sidecar: side}
		var asked atomic.Int64
		app.check("store", "things", func(context.Context) error {
			if time.Sleep(100 * time.Millisecond); asked.Add(1) > 1 {
				return errors.New("gone")
			}
			return nil
		})
		ready := app.cachedReady(publicAge)
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		for _, want := range []int{http.StatusOK, http.StatusServiceUnavailable} {
			var all sync.WaitGroup
			for range 50 {
				all.Go(func() {
					if status, _ := ready(gone); status != want {
						t.Errorf("got %d, want %d", status, want)
					}
				})
			}
			all.Wait()
			time.Sleep(publicAge)
		}
		if asked.Load() != 2 {
			t.Errorf("the dependency was asked %d times, want twice", asked.Load())
		}
	})
}
