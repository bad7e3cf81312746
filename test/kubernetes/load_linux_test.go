package kubernetes

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"stoa/test/client"
)

// load is customers who order all the time.
type load struct {
	stop     context.CancelFunc
	over     sync.WaitGroup
	products []client.Product
	refused  atomic.Int64 // how often a customer had to ask again

	mu    sync.Mutex
	taken []client.Placed
}

// pace is how long a customer waits between two orders: what replaces pods needs some of the machine, too.
const pace = 250 * time.Millisecond

// loads counts them, for keys that no other has.
var loads atomic.Int64

// startLoad has some customers order until the load is ended.
func startLoad(t *testing.T, shop *client.Shop) *load {
	t.Helper()
	staff, serial := shop.SignIn(t, "staff"), loads.Add(1)
	ctx, stop := context.WithCancel(t.Context())
	l := &load{stop: stop, products: []client.Product{shop.NewProduct(t, staff, 100_000), shop.NewProduct(t, staff, 50)}}
	t.Cleanup(stop)
	for buyer := range 2 {
		customer := shop.SignUp(t)
		l.over.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				order := client.OrderBy(customer, l.products[n%len(l.products)].ID, 1)
				order.Key = fmt.Sprintf("load-%d-%d-%d", serial, buyer, n)
				l.place(t, shop, order)
				time.Sleep(pace)
			}
		})
	}
	return l
}

// place sends an order once, and again as a good client does if it is refused.
func (l *load) place(t *testing.T, shop *client.Shop, order client.Request) {
	if answer, err := shop.Do(t.Context(), order); err != nil || answer.Status != 201 {
		t.Logf("%s: the order %s is refused: %s %v", time.Now().Format(time.TimeOnly), order.Key, answer, err)
		l.refused.Add(1)
	}
	placed, err := shop.Insist(t.Context(), order) // the same answer for the same key
	if err != nil {
		t.Errorf("the order %s: %v", order.Key, err)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.taken = append(l.taken, placed)
}

// end ends the load and compares its books.
func (l *load) end(t *testing.T, shop *client.Shop) {
	t.Helper()
	l.stop()
	l.over.Wait()
	t.Logf("%d orders were taken, %d times one was refused: %v", len(l.taken), l.refused.Load(), shop.Books(t, l.taken, l.products...))
	if len(l.taken) < 10 {
		t.Errorf("only %d orders were placed meanwhile", len(l.taken))
	}
	if n := l.refused.Load(); n > 0 {
		t.Errorf("%d requests failed", n)
	}
}
