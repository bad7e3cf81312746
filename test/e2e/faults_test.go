package e2e

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"stoa/internal/stack"
	"stoa/internal/stack/state"
	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/system"
)

// How soon a person is told that something is down. Something that is stopped in the middle of its work cannot be told
// from something that is slow: there the gateway's patience ends it.
const (
	answerTime      = 3 * time.Second
	gatewayPatience = 9 * time.Second
)

// outage makes something be down for a while, in which a person is told within the limit.
type outage struct {
	begin func(t *testing.T) (end func())
	limit time.Duration
}

// While something is down, an order is refused at once, in words, and leaves nothing behind; when it is back, orders go
// through again by themselves.
//
// It does not run beside other tests: how soon a person is told is measured.
func TestOutages_areToldAtOnce(t *testing.T) {
	shop := client.Borrow(t)
	customer, staff := shop.SignUp(t), shop.SignIn(t, "staff")
	frozen := func(process string, limit time.Duration) outage {
		return outage{func(t *testing.T) func() { return freeze(t, shop, process) }, limit}
	}
	outages := map[string]outage{
		"broker hangs":        frozen("broker", answerTime),
		"sidecar hangs":       frozen("order-api.sidecar", gatewayPatience),
		"stock service hangs": frozen("inventory-worker", answerTime),
		"store is locked":     {func(t *testing.T) func() { return system.LockStore(t, state.Path(shop.Dir(), "data", "order.db")) }, answerTime},
	}
	for name, outage := range outages {
		t.Run(name, func(t *testing.T) {
			product := shop.NewProduct(t, staff, 100) // nobody has asked for its price yet
			end := outage.begin(t)
			for range 3 {
				expectRefusal(t, shop, client.OrderBy(customer, product.ID, 1), outage.limit)
			}
			end()
			var order client.Order
			shop.Await(t, client.OrderBy(customer, product.ID, 1), http.StatusCreated).Read(t, &order)
			shop.AwaitOrder(t, customer, order.ID, "confirmed")
			shop.AwaitStock(t, product.ID, client.Product{Stock: 100, Reserved: 1, Available: 99}) // no other order has taken any
		})
	}
	if orders := shop.Orders(t, customer); len(orders) != len(outages) {
		t.Errorf("the customer has %d orders, want the %d that were taken", len(orders), len(outages))
	}
}

func expectRefusal(t *testing.T, shop *client.Shop, order client.Request, limit time.Duration) {
	t.Helper()
	started := time.Now()
	answer := shop.Try(t, order)
	took := time.Since(started)
	answer.Expect(t, http.StatusServiceUnavailable, "unavailable")
	if took > limit {
		t.Errorf("it took %s to say so", took.Round(time.Millisecond))
	}
}

// restarts is how often TestRestart_UnderLoad restarts order-api for each of its parts.
var restarts = flag.Int("restarts", 3, "how often TestRestart_UnderLoad restarts order-api")

// A service that is told to stop finishes what it has begun, and while it restarts, nobody notices: the sidecar repeats
// what may be repeated, and the gateway gives an order without a key one of its own.
func TestRestart_UnderLoad(t *testing.T) {
	t.Parallel()
	shop := client.Start(t, system.Folder(t), func(o *stack.Options) { o.Env["OPEN_PIECES"] = "0" })
	product := shop.NewProduct(t, shop.SignIn(t, "staff"), 100_000)
	for name, keyed := range map[string]bool{"with keys": true, "without keys": false} {
		t.Run(name, func(t *testing.T) {
			customer := shop.SignUp(t)
			taken := orderWhileRestarting(t, shop, customer, product.ID, keyed)
			for id := range taken {
				shop.AwaitOrder(t, customer, id, "confirmed")
			}
			for _, order := range shop.Orders(t, customer) {
				if !taken[order.ID] {
					t.Errorf("the order %s is there, although its sender was told otherwise", order.ID)
				}
			}
		})
	}
}

// orderWhileRestarting has eight callers place orders while order-api is restarted, and returns the ids of those taken. The
// next restart comes once every caller has had an answer: a service that is never up longer than a moment serves nobody.
func orderWhileRestarting(t *testing.T, shop *client.Shop, customer client.User, productID string, keyed bool) map[string]bool {
	t.Helper()
	const callers = 8
	var all sync.WaitGroup
	var mu sync.Mutex
	var answers [callers]atomic.Int64
	taken, over := map[string]bool{}, make(chan struct{})
	for caller := range callers {
		all.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-over:
					return
				default:
				}
				request := client.Request{Method: "POST", Path: "/orders", As: customer, Body: client.OrderOf(productID, 1)}
				if keyed {
					request.Key = fmt.Sprintf("%d-%d", caller, n)
				}
				answer, err := shop.Do(t.Context(), request)
				answers[caller].Add(1)
				var order client.Order
				if err != nil || answer.Status != http.StatusCreated || json.Unmarshal(answer.Body, &order) != nil {
					t.Errorf("got %s, %v", answer, err)
					continue
				}
				mu.Lock()
				if taken[order.ID] {
					t.Errorf("two requests got the order %s", order.ID)
				}
				taken[order.ID] = true
				mu.Unlock()
			}
		})
	}
	for range *restarts {
		shop.End(t, "order-api", syscall.SIGTERM)
		for caller := range callers {
			before := answers[caller].Load()
			system.Eventually(t, "every caller has an answer", func() error {
				if answers[caller].Load() == before {
					return fmt.Errorf("caller %d has none", caller)
				}
				return nil
			})
		}
	}
	close(over)
	all.Wait()
	return taken
}

// What was there before a stop is there after the next start, and in between there is nothing: no process, no port.
func TestStop_leavesNothingButTheData(t *testing.T) {
	t.Parallel()
	dir := system.Folder(t)
	first := must.Get(client.Open(t.Context(), system.Root(t), dir))(t)
	customer := first.SignUp(t)
	product := first.NewProduct(t, first.SignIn(t, "staff"), 3)
	order := first.PlaceOrder(t, customer, product.ID, 1)
	first.AwaitOrder(t, customer, order.ID, "confirmed")
	processes := first.Processes()
	must.Do(t, first.Stop(t.Context()))
	system.Gone(t, processes)

	second := client.Start(t, dir)
	if got := second.Order(t, customer, order.ID); got.Status != "confirmed" {
		t.Errorf("got %+v", got)
	}
	if got := second.Product(t, product.ID); got.Available != 2 {
		t.Errorf("got %+v", got)
	}
}
