package sidecar_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/sidecar"
)

func TestPatiently_waitsForWhatIsDown(t *testing.T) {
	down, broken := errs.New(errs.Unavailable, "down"), errors.New("broken")
	for _, tt := range []struct {
		name     string
		downTime time.Duration
		then     error
		want     error
	}{
		{"for a while", 30 * time.Second, nil, nil},
		{"for a while, and then it is broken", 30 * time.Second, broken, broken},
		{"for too long", time.Hour, nil, down},
		{"never", 0, broken, broken},
	} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			err := sidecar.Patiently(t.Context(), func() error {
				if time.Since(began) < tt.downTime {
					return down
				}
				return tt.then
			})
			if !errors.Is(err, tt.want) || time.Since(began) > 2*time.Minute {
				t.Errorf("down %s: got %v after %s", tt.name, err, time.Since(began))
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
		defer stop()
		began := time.Now()
		err := sidecar.Patiently(ctx, func() error { return down })
		if took := time.Since(began); !errors.Is(err, down) || took > 6*time.Second {
			t.Errorf("got %v after %s", err, took)
		}
	})
}
