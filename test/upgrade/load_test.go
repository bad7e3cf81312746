package upgrade

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"stoa/test/client"
	"stoa/test/system"
)

// buyers is how many customers order at once.
const buyers = 3

// load is customers who order, each the next when the last was taken.
type load struct {
	taken  atomic.Int64
	end    context.CancelFunc
	all    sync.WaitGroup
	orders [buyers][]client.Placed
}

// orderOn has customers order until stop. A request has a key and is sent again while something is down, as a good client does;
// any other refusal fails the test.
func orderOn(t *testing.T, shop *client.Shop, product client.Product) *load {
	t.Helper()
	l := &load{}
	ctx, end := context.WithCancel(t.Context())
	l.end = end
	t.Cleanup(func() { end(); l.all.Wait() })
	for buyer := range buyers {
		customer := shop.SignUp(t)
		l.all.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				request := client.OrderBy(customer, product.ID, 1)
				request.Key = fmt.Sprint("rolling-", n)
				order, err := shop.Insist(t.Context(), request)
				if err != nil {
					t.Errorf("the order %d of buyer %d: %v", n, buyer, err)
					return
				}
				l.orders[buyer] = append(l.orders[buyer], order)
				l.taken.Add(1)
			}
		})
	}
	l.await(t, 1)
	return l
}

// await waits until this many more orders are taken.
func (l *load) await(t *testing.T, more int64) {
	t.Helper()
	want := l.taken.Load() + more
	system.Eventually(t, fmt.Sprintf("%d more orders are taken", more), func() error {
		if taken := l.taken.Load(); taken < want && !t.Failed() {
			return fmt.Errorf("%d of %d", taken, want)
		}
		return nil
	})
}

// stop ends the load, and returns the orders that were taken.
func (l *load) stop(t *testing.T) (all []client.Placed) {
	t.Helper()
	l.end()
	l.all.Wait()
	for _, some := range l.orders {
		all = append(all, some...)
	}
	return all
}
