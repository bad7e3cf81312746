package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"stoa/internal/stack/description"
	"stoa/pkg/common/must"
	"stoa/pkg/common/service"
	"stoa/test/client"
	"stoa/test/system"
)

// breakers are the states of the circuit breakers of an app, as its /readyz says.
func breakers(t *testing.T, shop *client.Shop, app string) map[string]string {
	t.Helper()
	port := shop.Process(t, app).Ports[description.PortApp]
	answer := must.Get(http.Get(fmt.Sprintf("http://127.0.0.1:%d/readyz", port)))(t)
	defer answer.Body.Close()
	var readiness service.Readiness
	must.Do(t, json.NewDecoder(answer.Body).Decode(&readiness))
	if answer.StatusCode != http.StatusOK {
		t.Errorf("%s is not ready: %+v", app, readiness)
	}
	return readiness.Breakers
}

// awaitBreaker waits until the breaker of order-api for inventory-worker is in one of these states.
func awaitBreaker(t *testing.T, shop *client.Shop, states ...string) {
	t.Helper()
	system.Eventually(t, fmt.Sprintf("the breaker is %v", states), func() error {
		if now := breakers(t, shop, "order-api")["inventory-worker"]; !slices.Contains(states, now) {
			return fmt.Errorf("it is %s", now)
		}
		return nil
	})
}

// kept is how long an answer takes that a breaker should have spared its caller.
const kept = time.Second

// crowd sends a request from many callers, each again after a pause, and keeps how long the answers take.
type crowd struct {
	mu    sync.Mutex
	took  map[int][]time.Duration // by status
	over  chan struct{}
	alive sync.WaitGroup
}

func gather(t *testing.T, shop *client.Shop, callers int, request client.Request) *crowd {
	t.Helper()
	c := &crowd{took: map[int][]time.Duration{}, over: make(chan struct{})}
	for range callers {
		c.alive.Go(func() {
			for {
				began := time.Now()
				answer, err := shop.Do(t.Context(), request)
				if err != nil {
					t.Error(err)
					return
				}
				c.mu.Lock()
				c.took[answer.Status] = append(c.took[answer.Status], time.Since(began))
				c.mu.Unlock()
				select {
				case <-c.over:
					return
				case <-time.After(2 * time.Second):
				}
			}
		})
	}
	return c
}

// forget drops what was seen so far, but not the answers that are on their way.
func (c *crowd) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.took)
}

// seen returns how many answers had this status, how many of them were kept waiting, and their median.
func (c *crowd) seen(status int) (all, slow int, median time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	took := slices.Sorted(slices.Values(c.took[status]))
	if len(took) == 0 {
		return 0, 0, 0
	}
	first := slices.IndexFunc(took, func(d time.Duration) bool { return d >= kept })
	if first < 0 {
		first = len(took)
	}
	return len(took), len(took) - first, took[len(took)/2].Round(time.Millisecond)
}

func (c *crowd) leave() {
	close(c.over)
	c.alive.Wait()
}

// While the stock service hangs without being gone, an order holds nobody: 200 callers are refused at once. Everything else
// goes on, and two seconds after the service's return orders go through.
func TestBreaker_refusesOrdersAtOnceWhileTheStockServiceHangs(t *testing.T) {
	shop := client.Borrow(t)
	customer, staff := shop.SignUp(t), shop.SignIn(t, "staff")
	product := shop.NewProduct(t, staff, 1000)
	shop.AwaitOrder(t, customer, shop.PlaceOrder(t, customer, product.ID, 1).ID, "confirmed")
	want := shop.Product(t, product.ID)
	awaitBreaker(t, shop, "closed")

	thaw := freeze(t, shop, "inventory-worker")
	buyers := gather(t, shop, 200, client.OrderBy(customer, product.ID, 1))
	awaitBreaker(t, shop, "open", "half-open")
	readers := gather(t, shop, 10, client.Request{Method: "GET", Path: "/orders", As: customer})
	system.Eventually(t, "nobody waits any longer who asked before", func() error {
		if all, _, _ := buyers.seen(http.StatusServiceUnavailable); all < 200 {
			return fmt.Errorf("%d have an answer", all)
		}
		return nil
	})
	buyers.forget()
	system.Eventually(t, "the callers were refused three times each", func() error {
		if all, _, _ := buyers.seen(http.StatusServiceUnavailable); all < 600 {
			return fmt.Errorf("%d were refused", all)
		}
		return nil
	})
	refused, slow, median := buyers.seen(http.StatusServiceUnavailable)
	t.Logf("%d orders were refused, half of them within %s; %d had to wait", refused, median, slow)
	if slow > refused/20 { // one call at a time finds out whether the service is back
		t.Errorf("%d of %d orders were kept waiting", slow, refused)
	}
	read, slow, median := readers.seen(http.StatusOK)
	t.Logf("%d lists of orders, half of them within %s; %d had to wait", read, median, slow)
	if read == 0 || slow > 0 {
		t.Errorf("%d of %d lists of orders were kept waiting", slow, read)
	}

	returned := time.Now()
	thaw()
	awaitBreaker(t, shop, "closed")
	if took := time.Since(returned); took > 2*time.Second {
		t.Errorf("it closed %s after the return", took)
	}
	t.Logf("it closed %s after the return", time.Since(returned).Round(time.Millisecond))
	buyers.leave()
	readers.leave()
	if all, _, _ := buyers.seen(http.StatusCreated); all > 0 {
		want.Reserved, want.Available = want.Reserved+all, want.Available-all
	}
	shop.AwaitStock(t, product.ID, want)
}
