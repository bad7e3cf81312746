package service

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestEvery_runsAtOnceAndAfterEachPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), 25*time.Second)
		defer stop()
		runs := 0
		if err := Every(10*time.Second, func(context.Context) { runs++ })(ctx); err != nil || runs != 3 {
			t.Errorf("%d runs in 25 seconds, %v", runs, err)
		}
	})
}
