package system

import (
	"sync"
	"testing"
	"time"
)

// Patience is how long a test waits for something that should come at once, on a machine that is busy.
const Patience = 60 * time.Second

// Eventually waits until a condition is true, which it says by nil.
func Eventually(t testing.TB, what string, condition func() error) {
	t.Helper()
	Within(t, Patience, what, condition)
}

// Within is Eventually with another patience.
func Within(t testing.TB, limit time.Duration, what string, condition func() error) {
	t.Helper()
	for began := time.Now(); ; {
		err := condition()
		if err == nil {
			return
		}
		waited := time.Since(began)
		if waited > limit {
			t.Fatalf("waited %s in vain until %s: %v", limit, what, err)
		}
		time.Sleep(pause(waited))
	}
}

// pause is the time until the next look at something that was awaited for so long: about a tenth of it. A look costs the system
// as much as a customer does, so tests that look all the time would slow down what they wait for.
func pause(waited time.Duration) time.Duration {
	return min(max(waited/10, 10*time.Millisecond), 400*time.Millisecond)
}

// AtOnce calls a function n times at once, with the numbers from 0 on, and returns after all calls.
func AtOnce(n int, call func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { call(i) })
	}
	all.Wait()
}
