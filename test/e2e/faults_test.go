package e2e

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"stoa/internal/stack"
	"stoa/internal/stack/state"
	"stoa/test/client"
)

// How soon a person is told that something is down. Something that is stopped in the middle of its work cannot be told
// from something that is slow: there the gateway's patience ends it.
const (
	answerTime      = 3 * time.Second
	gatewayPatience = 9 * time.Second
)

// outage is something that is down for a while.
type outage struct {
	begin, end func() error
	limit      time.Duration // within which a person is told
}

// While something is down, an order is refused at once, in words, and leaves nothing behind; when it is back, orders go
// through again by themselves.
//
// It does not run beside other tests: how soon a person is told is measured.
func TestOutages_areToldAtOnce(t *testing.T) {
	shop := client.Start(t, t.TempDir())
	staff, customer := shop.SignIn(t, "staff"), shop.SignUp(t)
	product := shop.NewProduct(t, staff, 100)

	outages := map[string]outage{
		"broker hangs": {
			begin: func() error { return shop.Freeze("broker") },
			end:   func() error { return shop.Thaw("broker") },
			limit: answerTime,
		},
		"store is locked": lockedStore(filepath.Join(shop.Dir(), state.Folder, "data", "order.db")),
		"sidecar hangs": {
			begin: func() error { return shop.Freeze("order-api.sidecar") },
			end:   func() error { return shop.Thaw("order-api.sidecar") },
			limit: gatewayPatience,
		},
		"stock service hangs": {
			begin: func() error { return shop.Freeze("inventory-worker") },
			end:   func() error { return shop.Thaw("inventory-worker") },
			limit: answerTime,
		},
	}
	for name, outage := range outages {
		t.Run(name, func(t *testing.T) {
			before := shop.Product(t, product.ID)
			if err := outage.begin(); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				expectRefusal(t, shop, customer, product.ID, outage.limit)
			}
			if err := outage.end(); err != nil {
				t.Fatal(err)
			}
			var order client.Order
			client.Eventually(t, "orders go through again", func() error {
				answer, err := shop.Do(t.Context(), client.Request{Method: "POST", Path: "/orders", As: customer, Body: client.OrderOf(product.ID, 1)})
				if err == nil && answer.Status != http.StatusCreated {
					err = fmt.Errorf("got %s", answer)
				}
				if err != nil {
					return err
				}
				return json.Unmarshal(answer.Body, &order)
			})
			shop.AwaitOrder(t, customer, order.ID, "confirmed")
			client.Eventually(t, "only that order has taken stock", func() error {
				if now := shop.Product(t, product.ID); now.Reserved != before.Reserved+1 {
					return fmt.Errorf("reserved %d, want %d", now.Reserved, before.Reserved+1)
				}
				return nil
			})
		})
	}
	var orders struct{ Items []client.Order }
	shop.Must(t, client.Request{Method: "GET", Path: "/orders", As: customer}, http.StatusOK, &orders)
	if len(orders.Items) != len(outages) {
		t.Errorf("the customer has %d orders, want the %d that were taken", len(orders.Items), len(outages))
	}
}

func expectRefusal(t *testing.T, shop *client.Shop, customer client.User, productID string, limit time.Duration) {
	t.Helper()
	started := time.Now()
	answer, err := shop.Do(t.Context(), client.Request{Method: "POST", Path: "/orders", As: customer, Body: client.OrderOf(productID, 1)})
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(started)
	expectProblem(t, answer, http.StatusServiceUnavailable, "unavailable")
	if seconds, err := strconv.Atoi(answer.Header.Get("Retry-After")); err != nil || seconds < 1 {
		t.Errorf("Retry-After is %q", answer.Header.Get("Retry-After"))
	}
	if took > limit {
		t.Errorf("it took %s to say so", took.Round(time.Millisecond))
	}
}

func expectProblem(t *testing.T, answer client.Answer, status int, kind string) {
	t.Helper()
	if answer.Status != status || answer.Problem().Kind != kind {
		t.Errorf("got %s, want %d %s", answer, status, kind)
	}
	if media := answer.Header.Get("Content-Type"); media != "application/problem+json" {
		t.Errorf("the media type is %q", media)
	}
}

// lockedStore holds SQLite's write lock (byte 120 of the shared-memory file, https://www.sqlite.org/walformat.html), as a
// writer that is stuck would.
func lockedStore(database string) outage {
	lock := unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart, Start: 120, Len: 1}
	var file *os.File
	return outage{
		limit: answerTime,
		begin: func() (err error) {
			if file, err = os.OpenFile(database+"-shm", os.O_RDWR, 0); err != nil {
				return err
			}
			return unix.FcntlFlock(file.Fd(), unix.F_SETLKW, &lock)
		},
		end: func() error { return file.Close() },
	}
}

// restarts is how often TestRestart_UnderLoad restarts order-api for each of its parts.
var restarts = flag.Int("restarts", 3, "how often TestRestart_UnderLoad restarts order-api")

// A service that is told to stop finishes what it has begun, and while it restarts, nobody notices: the sidecar repeats
// what may be repeated, and the gateway gives an order without a key one of its own.
func TestRestart_UnderLoad(t *testing.T) {
	t.Parallel()
	shop := client.Start(t, t.TempDir())
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
		restart(t, shop, "order-api")
		for caller := range callers {
			before := answers[caller].Load()
			client.Eventually(t, "every caller has an answer", func() error {
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

// restart ends a process by SIGTERM and returns when it is back.
func restart(t *testing.T, shop *client.Shop, name string) {
	t.Helper()
	processes := shop.Processes()
	before := processes[slices.IndexFunc(processes, func(p stack.Process) bool { return p.Name == name })]
	if err := shop.Signal(name, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	client.Eventually(t, name+" is back", func() error { return client.Replaced(shop.Stack, before) })
}

// What was there before a stop is there after the next start, and in between there is nothing: no process, no port.
func TestStop_leavesNothingButTheData(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, err := client.Open(t.Context(), client.Root(t), dir)
	if err != nil {
		t.Fatal(err)
	}
	customer := first.SignUp(t)
	product := first.NewProduct(t, first.SignIn(t, "staff"), 3)
	order := first.PlaceOrder(t, customer, product.ID, 1)
	first.AwaitOrder(t, customer, order.ID, "confirmed")
	processes := first.Processes()
	if err := first.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, p := range processes {
		if p.Alive() {
			t.Errorf("%s is still there", p.Name)
		}
		for role, port := range p.Ports {
			if conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
				conn.Close()
				t.Errorf("the %s port %d of %s is still open", role, port, p.Name)
			}
		}
	}

	second := client.Start(t, dir)
	if got := second.Order(t, customer, order.ID); got.Status != "confirmed" {
		t.Errorf("got %+v", got)
	}
	if got := second.Product(t, product.ID); got.Available != 2 {
		t.Errorf("got %+v", got)
	}
}
