package main

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"stoa/pkg/common/must"
)

func TestTurns_alternateTheOrder(t *testing.T) {
	var order []int
	must.Do(t, turns(2, 3, func(thing, round int) error {
		order = append(order, 10*round+thing)
		return nil
	}))
	if want := []int{0, 1, 2, 12, 11, 10, 20, 21, 22}; !slices.Equal(order, want) {
		t.Errorf("got %v, want %v", order, want)
	}
}

func TestArrive_doesNotWaitForAnswers(t *testing.T) {
	const count = 20
	var open atomic.Int64
	measured := must.Get(arrive(t.Context(), 10_000, count, func(ctx context.Context) error {
		for open.Add(1); open.Load() < count; time.Sleep(time.Millisecond) { // all are open at once
		}
		return ctx.Err()
	}))(t)
	if len(measured.Latencies) != count || slices.Min(measured.Latencies) == 0 {
		t.Errorf("got %v", measured)
	}
}

func TestArrivals_areVoidIfTheGeneratorIsLate(t *testing.T) {
	fine := arrivals{Latencies: []time.Duration{10 * time.Millisecond}, Lags: []time.Duration{time.Millisecond}}
	if void := fine.void(); void != "" {
		t.Errorf("got %q", void)
	}
	late := arrivals{Latencies: []time.Duration{10 * time.Millisecond}, Lags: []time.Duration{5 * time.Millisecond}}
	if late.void() == "" {
		t.Error("half of the latency is the generator's, and nothing is void")
	}
}
