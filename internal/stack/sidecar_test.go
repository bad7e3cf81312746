package stack

import (
	"context"
	"net"
	"os/exec"
	"testing"
	"time"

	"stoa/pkg/common/must"
)

func TestLongOutage_ignoresShortOnes(t *testing.T) {
	tests := map[string]struct {
		available string // + or - at each tick, a second apart
		want      bool
	}{
		"always available":  {"++++++", false},
		"short outage":      {"+--+++", false},
		"two short outages": {"--+--+", false},
		"long outage":       {"+----+", true},
		"not back yet":      {"+-----", false},
		"gone from start":   {"-----+", true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			ticks := make(chan time.Time)
			go func() {
				defer cancel()
				for i := range tt.available {
					select {
					case ticks <- time.Unix(int64(i), 0):
					case <-ctx.Done():
						return
					}
				}
			}()
			seen := 0
			available := func(context.Context) bool { seen++; return tt.available[seen-1] == '+' }
			if got := longOutage(ctx, ticks, available, 2*time.Second); got != tt.want {
				t.Errorf("got %v after %d ticks, want %v", got, seen, tt.want)
			}
		})
	}
}

func TestRunSidecar_endsWithItsContainer(t *testing.T) {
	sleep := must.Get(exec.LookPath("sleep"))(t)
	broker := must.Get(net.Listen("tcp", "127.0.0.1:0"))(t)
	defer broker.Close()
	ctx, stop := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer stop()
	if err := RunSidecar(ctx, broker.Addr().String(), []string{sleep, "60"}); err != nil {
		t.Errorf("stopped from outside: %v", err)
	}
	if err := RunSidecar(t.Context(), broker.Addr().String(), []string{sleep, "nonsense"}); err == nil {
		t.Error("the failure of the sidecar was not reported")
	}
}

func TestRunSidecar_waitsForTheBroker(t *testing.T) {
	ctx, stop := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer stop()
	if err := RunSidecar(ctx, "127.0.0.1:1", []string{"/no/such/program"}); err != nil {
		t.Errorf("the sidecar was started without a broker: %v", err)
	}
}
