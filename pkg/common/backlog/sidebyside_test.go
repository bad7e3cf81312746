package backlog_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"stoa/pkg/common/backlog"
	"stoa/pkg/common/errs"
)

// twenty are twenty numbers.
var twenty = []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19}

func TestSideBySide_makesSomeCallsAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		err := backlog.SideBySide(t.Context(), twenty, func(context.Context, int) error {
			time.Sleep(time.Second)
			return nil
		})
		if took := time.Since(began); err != nil || took != 3*time.Second {
			t.Errorf("it took %s, %v", took, err)
		}
	})
}

func TestSideBySide_joinsWhatFails(t *testing.T) {
	var done atomic.Int32
	err := backlog.SideBySide(t.Context(), twenty, func(_ context.Context, n int) error {
		defer done.Add(1)
		switch n {
		case 3:
			return errBroken
		case 5:
			panic("no such row")
		}
		return nil
	})
	if done.Load() != 20 || !errors.Is(err, errBroken) || !strings.Contains(err.Error(), "no such row") {
		t.Errorf("%d are done, %v", done.Load(), err)
	}
}

// What has begun comes to its end: it may have written something.
func TestSideBySide_beginsNoMoreWhileSomethingIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var began, done atomic.Int32
		err := backlog.SideBySide(t.Context(), twenty, func(ctx context.Context, n int) error {
			if began.Add(1); n == 2 {
				return away
			}
			time.Sleep(time.Second)
			done.Add(1)
			return ctx.Err()
		})
		if began.Load() > 9 || done.Load() != began.Load()-1 || !errs.Is(err, errs.Unavailable) {
			t.Errorf("%d began, %d are done, %v", began.Load(), done.Load(), err)
		}
	})
}
