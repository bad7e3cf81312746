package e2e

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	inventoryv1 "stoa/api/proto/inventory/v1"
	"stoa/internal/stack/description"
	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/common/rpc"
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

// breakerMetric is the state of a breaker in the metrics of an app: 0 closed, 1 half-open, 2 open.
func breakerMetric(t *testing.T, shop *client.Shop, caller, app string) string {
	t.Helper()
	ports := shop.Process(t, caller).Ports
	answer := must.Get(http.Get(fmt.Sprintf("http://127.0.0.1:%d/metrics", cmp.Or(ports[description.PortProbe], ports[description.PortApp]))))(t)
	defer answer.Body.Close()
	series := regexp.MustCompile(`(?m)^stoa_breaker_state\{.*target="` + app + `".*\} (\d)$`)
	found := series.FindSubmatch(must.Get(io.ReadAll(answer.Body))(t))
	if found == nil {
		t.Fatalf("%s has no metric of its breaker for %s", caller, app)
	}
	return string(found[1])
}

// awaitBreaker waits until the breaker of a caller for an app is in one of these states.
func awaitBreaker(t *testing.T, shop *client.Shop, caller, app string, states ...string) {
	t.Helper()
	system.Eventually(t, fmt.Sprintf("the breaker is %v", states), func() error {
		if now := breakers(t, shop, caller)[app]; !slices.Contains(states, now) {
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

// await waits until so many callers were refused.
func (c *crowd) await(t *testing.T, what string, refused int) {
	t.Helper()
	system.Eventually(t, what, func() error {
		if all, _, _ := c.seen(http.StatusServiceUnavailable); all < refused {
			return fmt.Errorf("%d were refused", all)
		}
		return nil
	})
}

func (c *crowd) leave() {
	close(c.over)
	c.alive.Wait()
}

// While an app hangs without being gone, it holds nobody: 200 callers are refused at once, by the app that asks it for a quote
// or by the gateway. Everything else goes on, and two seconds after the app's return orders go through.
func TestBreaker_refusesOrdersAtOnceWhileAnAppHangs(t *testing.T) {
	for _, tt := range []struct{ app, caller, other string }{
		{"inventory-worker", "order-api", "/orders"},
		{"order-api", "gateway", "/products"},
	} {
		t.Run(tt.app, func(t *testing.T) {
			shop := client.Borrow(t)
			customer, staff := shop.SignUp(t), shop.SignIn(t, "staff")
			product := shop.NewProduct(t, staff, 1000)
			order := client.OrderBy(customer, product.ID, 1)
			shop.AwaitOrder(t, customer, shop.PlaceOrder(t, customer, product.ID, 1).ID, "confirmed")
			awaitBreaker(t, shop, tt.caller, tt.app, "closed")

			thaw := freeze(t, shop, tt.app)
			buyers := gather(t, shop, 200, order)
			awaitBreaker(t, shop, tt.caller, tt.app, "open", "half-open")
			readers := gather(t, shop, 10, client.Request{Method: "GET", Path: tt.other, As: customer})
			buyers.await(t, "those who asked before have an answer", 200)
			if got := breakerMetric(t, shop, tt.caller, tt.app); got == "0" {
				t.Errorf("the metric says that it is closed: %s", got)
			}
			buyers.forget()
			buyers.await(t, "all are refused three times", 600)
			refused, slow, median := buyers.seen(http.StatusServiceUnavailable)
			t.Logf("%d orders were refused, half of them within %s; %d had to wait", refused, median, slow)
			if slow > refused/20 { // one call at a time finds out whether the app is back
				t.Errorf("%d of %d orders were kept waiting", slow, refused)
			}
			read, slow, median := readers.seen(http.StatusOK)
			t.Logf("%d other requests, half of them within %s; %d had to wait", read, median, slow)
			if read == 0 || slow > 0 {
				t.Errorf("%d of %d other requests were kept waiting", slow, read)
			}

			returned := time.Now()
			thaw()
			awaitBreaker(t, shop, tt.caller, tt.app, "closed")
			t.Logf("it closed %s after the return", time.Since(returned).Round(time.Millisecond))
			if took := time.Since(returned); took > 2*time.Second {
				t.Errorf("it closed %s after the return", took)
			}
			buyers.leave()
			readers.leave()
			shop.AwaitOrder(t, customer, shop.PlaceOrder(t, customer, product.ID, 1).ID, "confirmed")
		})
	}
}

// An error of an app is told from one of a sidecar, on the whole way through both.
func TestGRPC_errorsOfAppsAreMarked(t *testing.T) {
	t.Parallel()
	stock := inventoryv1.NewStockClient(shop.Open(t, "order-api").GRPC("inventory-worker"))
	unknown := &inventoryv1.QuoteRequest{Lines: []*inventoryv1.QuoteRequestLine{{ProductId: client.Unknown, Quantity: 1}}}
	var trailer metadata.MD
	_, err := stock.Quote(t.Context(), unknown, grpc.Trailer(&trailer))
	if kind := errs.KindOf(rpc.FromStatus(err)); kind != errs.Invalid || rpc.CheckAnswer(trailer) != nil {
		t.Errorf("got %v with the trailer %v", err, trailer)
	}
}
