package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"
)

// callers ask again and again for a while, each of them with a pause in between.
type callers struct {
	number      int
	pause, last time.Duration
}

// answers are what the callers got.
type answers struct {
	took map[string][]time.Duration // by what was asked
	rate float64                    // a second
	cpu  float64                    // of all processes for one of them, in ms
}

// by lets the callers ask. ask says what was asked and how long its answer took.
func (b *shop) by(ctx context.Context, c callers, ask func(context.Context) (what string, took time.Duration, err error)) (got answers, err error) {
	before, err := b.cpu()
	if err != nil {
		return got, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		all    sync.WaitGroup
		mu     sync.Mutex
		number float64
	)
	got.took = map[string][]time.Duration{}
	began := time.Now()
	for range c.number {
		all.Go(func() {
			first := time.Duration(rand.Float64() * float64(c.pause))
			for pause := first; sleep(ctx, pause) == nil && time.Since(began) < c.last; pause = c.pause {
				what, took, err := ask(ctx)
				if err != nil {
					cancel(err)
				}
				mu.Lock()
				got.took[what] = append(got.took[what], took)
				number++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	lasted := time.Since(began)
	after, err := b.cpu()
	got.rate = number / lasted.Seconds()
	got.cpu = after.since(before).sum().Seconds() * 1000 / number
	return got, errors.Join(err, context.Cause(ctx))
}
