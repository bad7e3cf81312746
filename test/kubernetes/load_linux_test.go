package kubernetes

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"stoa/test/client"
	"stoa/test/system"
)

// load is customers who order all the time.
type load struct {
	stop     context.CancelFunc
	over     sync.WaitGroup
	products []client.Product
	refused  atomic.Int64 // how often a customer had to ask again
	slow     atomic.Int64 // how often after so long that the machine was too busy for an answer
	waited   atomic.Int64 // how often since the broker, of which there is one, was away
	longest  atomic.Int64 // the milliseconds after which the slowest order was taken

	mu    sync.Mutex
	taken []client.Placed
}

// pace is how long a customer waits between two orders: what replaces pods needs some of the machine, too.
const pace = 250 * time.Millisecond

// callTimeout is how long an app waits for another (pkg/sidecar). While dozens of processes start on two cores, that may be too
// short: a refusal after that time says that the machine is slow, and one before it that nobody was there.
const callTimeout = 2 * time.Second

// loads counts them, for keys that no other has.
var loads atomic.Int64

// startLoad has two customers order until the load is ended.
func startLoad(t *testing.T, shop *client.Shop) *load {
	t.Helper()
	return startCrowd(t, shop, 2, pace)
}

// startCrowd has customers order who wait so long between two orders.
func startCrowd(t *testing.T, shop *client.Shop, customers int, pause time.Duration) *load {
	t.Helper()
	staff, serial := shop.SignIn(t, "staff"), loads.Add(1)
	ctx, stop := context.WithCancel(t.Context())
	l := &load{stop: stop, products: []client.Product{shop.NewProduct(t, staff, 100_000), shop.NewProduct(t, staff, 50)}}
	t.Cleanup(stop)
	for buyer := range customers {
		customer := shop.SignUp(t)
		l.over.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				order := client.OrderBy(customer, l.products[n%len(l.products)].ID, 1)
				order.Key = fmt.Sprintf("load-%d-%d-%d", serial, buyer, n)
				l.place(t, shop, order)
				time.Sleep(pause)
			}
		})
	}
	return l
}

// place sends an order once, and again as a good client does if it is refused.
func (l *load) place(t *testing.T, shop *client.Shop, order client.Request) {
	began := time.Now()
	answer, err := shop.Do(t.Context(), order)
	switch {
	case err == nil && answer.Status == http.StatusCreated:
	case err == nil && strings.Contains(string(answer.Body), "the broker of the topic"):
		l.waited.Add(1)
	default:
		took := time.Since(began)
		t.Logf("%s: the order %s is refused after %s: %s %v", began.Format(time.TimeOnly), order.Key, took.Round(time.Millisecond), answer, err)
		if took >= callTimeout {
			l.slow.Add(1)
		} else {
			l.refused.Add(1)
		}
	}
	placed, err := shop.Insist(t.Context(), order) // the same answer for the same key
	if took := time.Since(began).Milliseconds(); took > l.longest.Load() {
		l.longest.Store(took)
	}
	if err != nil {
		t.Errorf("the order %s: %v", order.Key, err)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.taken = append(l.taken, placed)
}

// await waits until so many orders are taken.
func (l *load) await(t *testing.T, orders int) {
	t.Helper()
	system.Eventually(t, fmt.Sprint(orders, " orders are taken"), func() error {
		l.mu.Lock()
		defer l.mu.Unlock()
		if n := len(l.taken); n < orders {
			return fmt.Errorf("there are %d", n)
		}
		return nil
	})
}

// end ends the load and compares its books. Each order was taken in the end, by its key. Nobody may have been refused, but while
// the broker was replaced, of which there is one, and here and there by a machine that is too slow.
func (l *load) end(t *testing.T, shop *client.Shop, brokerMoved bool) {
	t.Helper()
	l.stop()
	l.over.Wait()
	books := shop.Books(t, l.taken, l.products...)
	taken, waited, slow, refused := len(l.taken), l.waited.Load(), l.slow.Load(), l.refused.Load()
	t.Logf("%d orders were taken, the slowest after %d ms: %v; tried again: %d while the broker was away, %d after %s without an answer",
		taken, l.longest.Load(), books, waited, slow, callTimeout)
	if taken < 10 {
		t.Errorf("only %d orders were placed meanwhile", taken)
	}
	if slow*50 > int64(taken) {
		t.Errorf("%d requests of %d had no answer in time", slow, taken)
	}
	if !brokerMoved {
		refused += waited
	}
	if refused > 0 {
		t.Errorf("%d requests failed", refused)
	}
}
