package system

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/rs/zerolog"

	"stoa/pkg/common/must"
	"stoa/pkg/messaging"
	"stoa/pkg/sidecar"
)

// NewConsumer receives events beside a sidecar in the place of its app.
func NewConsumer(side *sidecar.Sidecar, app string, table ...messaging.Subscription) (*messaging.Consumer, error) {
	publisher, err := messaging.NewPublisher(side.Client(), app)
	if err != nil {
		return nil, err
	}
	return messaging.NewConsumer(side.Client().GrpcClient(), publisher, zerolog.Nop(), table...)
}

// Consume runs a consumer until the test ends or the returned function is called; it returns once subscribed.
func Consume(t testing.TB, side *sidecar.Sidecar, app string, table ...messaging.Subscription) (stop func()) {
	t.Helper()
	consumer := must.Get(NewConsumer(side, app, table...))(t)
	stop = Background(t, consumer.Run)
	Eventually(t, app+" is subscribed", func() error { return Connected(consumer) })
	return stop
}

// Background runs a function until the test ends or the result is called.
func Background(t testing.TB, run func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = run(ctx)
	}()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

// Connected says which topic is not received yet.
func Connected(c *messaging.Consumer) error {
	for topic, err := range c.Connected() {
		if err != nil {
			return fmt.Errorf("%s: %w", topic, err)
		}
	}
	return nil
}

// Tally counts how often each of some numbered events was handled.
type Tally struct {
	mu    sync.Mutex
	times map[int]int
}

// NewTally returns an empty one.
func NewTally() *Tally { return &Tally{times: map[int]int{}} }

// Add counts an event.
func (l *Tally) Add(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.times[n]++
}

// Of is how often an event was handled.
func (l *Tally) Of(n int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.times[n]
}

// Distinct is how many events were handled, and Runs how often that was done in all.
func (l *Tally) Distinct() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.times)
}

func (l *Tally) Runs() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	sum := 0
	for _, times := range l.times {
		sum += times
	}
	return sum
}

// Missing complains unless all events below n were handled.
func (l *Tally) Missing(n int) error { return l.Fewer(n, n) }

// Fewer complains unless at least that many of n events were handled.
func (l *Tally) Fewer(least, n int) error {
	if got := l.Distinct(); got < least {
		return fmt.Errorf("%d of %d events were handled", got, n)
	}
	return nil
}
