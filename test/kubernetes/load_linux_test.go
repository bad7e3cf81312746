package kubernetes

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
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
	slow     atomic.Int64 // how often after so long, on a machine so busy, that it may have been for that reason
	waited   atomic.Int64 // how often since the broker, of which there is one, was away
	longest  atomic.Int64 // the milliseconds after which the slowest order was taken

	mu    sync.Mutex
	taken []client.Placed
}

// pace is how long a customer waits between two orders: what replaces pods needs some of the machine, too.
const pace = 250 * time.Millisecond

// callTimeout is how long an app waits for another (pkg/sidecar). While dozens of processes start on two cores, that may be too
// short. But a call that meets nobody is repeated for as long, too. So a refusal after that time is the machine's fault only if its
// processors had nothing left to give.
const callTimeout = 2 * time.Second

// brokerRefusals is how often customers may be refused while the broker is replaced, which a test does twice at most: each customer
// once, and once for each replica that connects again later than another.
const brokerRefusals = 12

// processors is how much time the processors of this machine have had, and have had nothing to do.
type processors struct{ all, idle float64 }

func readProcessors() (p processors) {
	text, _ := os.ReadFile("/proc/stat") // on Linux it is there
	line, _, _ := strings.Cut(string(text), "\n")
	for i, field := range strings.Fields(line) {
		ticks, _ := strconv.ParseFloat(field, 64) // the first is their name
		p.all += ticks
		if i == 4 || i == 5 { // they waited for work, or for a disk
			p.idle += ticks
		}
	}
	return p
}

// exhausted says whether the processors have been busy nearly all the time since then, if the cluster is on this machine.
func (p processors) exhausted() bool {
	now := readProcessors()
	return shared.node != nil && now.idle-p.idle < (now.all-p.all)/10
}

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
	t.Cleanup(func() { stop(); l.over.Wait() })
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
	began, machine := time.Now(), readProcessors()
	answer, err := shop.Do(t.Context(), order)
	switch {
	case err == nil && answer.Status == http.StatusCreated:
	case err == nil && strings.Contains(string(answer.Body), "the broker of the topic"):
		l.waited.Add(1)
	default:
		took := time.Since(began)
		t.Logf("%s: the order %s is refused after %s: %s %v", began.Format(time.TimeOnly), order.Key, took.Round(time.Millisecond), answer, err)
		if took >= callTimeout && machine.exhausted() {
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

// end waits until the last pod that has to go is gone, since that is when requests meet nobody, ends the load and compares its books.
// Each order was taken in the end, by its key. Nobody may have been refused, but while the broker was replaced, of which there is one,
// and here and there by a machine that is too slow.
func (l *load) end(t *testing.T, shop *client.Shop, brokerMoved bool) {
	t.Helper()
	shared.awaitGone(t)
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
	if !brokerMoved || waited > brokerRefusals {
		refused += waited
	}
	if refused > 0 {
		t.Errorf("%d requests failed", refused)
	}
}
