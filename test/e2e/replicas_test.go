package e2e

import (
	"fmt"
	"net/http"
	"os"
	"testing"

	"stoa/internal/stack"
	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/system"
)

const (
	replicas     = 3
	scaledApp    = "inventory-worker"
	sharedOrders = 500 // each is two events to the app: it is placed, and, as there is stock for one in ten, rejected
	ordersDuring = 100 // of a kill
	sharedCalls  = 500
)

// Three replicas of the process that keeps the stock share its events and its calls, and nothing is lost when one of
// them is killed, or the sidecar of one.
func TestReplicas_shareTheLoad(t *testing.T) {
	t.Parallel()
	shop := client.Start(t, system.Folder(t), func(o *stack.Options) { o.Scale = map[string]int{scaledApp: replicas} })
	staff, customer := shop.SignIn(t, "staff"), shop.SignUp(t)

	t.Run("share the load", func(t *testing.T) {
		sold := sellOut(t, shop, staff, customer, sharedOrders, func() {})
		askMany(t, shop, customer)
		events := 2*sharedOrders - sold // those that are confirmed tell it nothing more
		system.Eventually(t, "every event is handled", func() error {
			if n := total(handled(t, shop, "event")); n < events {
				return fmt.Errorf("%d of %d", n, events)
			}
			return nil
		})
		// Broker and name resolution draw lots, so that fewer calls than events are spread less evenly.
		expectEven(t, shop, "event", 20)
		expectEven(t, shop, "call", 40)
	})
	for _, name := range []string{scaledApp + "-2", scaledApp + "-3.sidecar"} {
		t.Run("kill "+name, func(t *testing.T) {
			before := shop.Process(t, name)
			sellOut(t, shop, staff, customer, ordersDuring, func() {
				must.Do(t, shop.Signal(name, os.Kill))
			})
			system.Eventually(t, name+" is back", func() error { return shop.Replaced(before) })
		})
	}
}

// askMany orders what does not exist, several at once: order-api remembers the prices of products, so only for these it asks
// each time.
func askMany(t *testing.T, shop *client.Shop, customer client.User) {
	t.Helper()
	const callers = 6
	system.AtOnce(callers, func(int) {
		for range sharedCalls / callers {
			answer, err := shop.Do(t.Context(), client.OrderBy(customer, client.Unknown, 1))
			if err != nil || answer.Status != http.StatusUnprocessableEntity {
				t.Errorf("got %s, %v", answer, err)
			}
		}
	})
}

// sellOut orders a new product of which there is enough for one order in ten. Every order is decided, and every piece is sold once:
// it returns how many. It calls meanwhile when some of the orders have been taken.
func sellOut(t *testing.T, shop *client.Shop, staff, customer client.User, orders int, meanwhile func()) (sold int) {
	t.Helper()
	stock := orders / 10
	product := shop.NewProduct(t, staff, stock)
	counted := shop.Decided(t, placeMany(t, shop, customer, product.ID, orders, meanwhile))
	if counted["confirmed"] != stock || counted["rejected"] != orders-stock {
		t.Errorf("%d orders for %d pieces: %v", orders, stock, counted)
	}
	if now := shop.Product(t, product.ID); now.Available != 0 || now.Reserved != stock {
		t.Errorf("the stock does not add up: %+v", now)
	}
	return stock
}

// total is the sum of all counts.
func total(counts map[string]int) int {
	sum := 0
	for _, n := range counts {
		sum += n
	}
	return sum
}

// expectEven accepts it when each replica has handled as many events, or calls, as the others, give or take some percent.
func expectEven(t *testing.T, shop *client.Shop, what string, percent int) {
	t.Helper()
	counts := handled(t, shop, what)
	t.Logf("%ss by replica: %v", what, counts)
	mean := total(counts) / replicas
	if len(counts) != replicas {
		t.Errorf("%ss: only %d replicas took part: %v", what, len(counts), counts)
	}
	for name, n := range counts {
		if n*100 < mean*(100-percent) || n*100 > mean*(100+percent) {
			t.Errorf("%s handled %d %ss, even would be %d", name, n, what, mean)
		}
	}
}

// handled counts, for each replica, the log lines with this message: an event that was handled, or a call.
func handled(t *testing.T, shop *client.Shop, message string) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for _, p := range shop.Apps() {
		if p.App != scaledApp {
			continue
		}
		for _, line := range system.LogLines[struct{ Message string }](t, shop.Dir(), p.Name) {
			if line.Message == message {
				counts[p.Name]++
			}
		}
	}
	return counts
}

// placeMany places the orders, several at once, and calls meanwhile when some of them have been taken.
func placeMany(t *testing.T, shop *client.Shop, customer client.User, productID string, orders int, meanwhile func()) []client.Placed {
	t.Helper()
	var requests []client.Request
	for n := range orders {
		requests = append(requests, client.OrderBy(customer, productID, 1))
		requests[n].Key = fmt.Sprintf("%s-%d", productID, n)
	}
	taken := shop.InsistAll(t, requests)
	placed := []client.Placed{<-taken, <-taken, <-taken}
	meanwhile()
	for order := range taken {
		placed = append(placed, order)
	}
	return placed
}
