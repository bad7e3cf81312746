package conformance

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"stoa/test/client"
	"stoa/test/conformance/report"
	"stoa/test/system"
)

// shop is the whole system on a pair, through the gateway.
type shop struct {
	*client.Shop
	rig *rig
}

func (s shop) standIn() string { return s.rig.standIn() }

var flowChecks = []check[shop]{
	{"order", "An order is confirmed, shipped and delivered, with a mail for each step, and the stock is right after each.", orderFlow},
	{"cancel", "A cancelled order releases its stock; a shipped order cannot be cancelled.", cancelFlow},
	{"oversell", "60 buyers order 30 pieces at once: 30 orders are confirmed, 30 rejected.", oversell},
	{"one key", "One Idempotency-Key, sent 20 times at once, creates one order with equal answers; another body is refused.",
		oneKey},
	{"killed workers", "40 orders while order-worker, its sidecar and inventory-worker are killed: all are decided, and the stock adds up.",
		killedWorkers},
	{"post", "A post is written, given back, submitted again, published, read, commented on and unpublished; editors and author are told by mail.",
		postFlow},
	{"pages", "A guest fills a cart, signs in and orders once, by pages; the session and the cart outlive web; after signing out, the cookie opens nothing.",
		pagesFlow},
}

func TestPairs_runTheShop(t *testing.T) {
	t.Parallel()
	for _, p := range chosenPairs() {
		name := report.Pair(p.bus, p.store)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			runChecks(t, report.Pairs, name, flowChecks, func() (shop, error) {
				r, err := setUp(t, p, nil)
				if err != nil {
					return shop{}, err
				}
				s, err := client.Of(r.Stack)
				return shop{Shop: s, rig: r}, err
			})
		})
	}
}

func orderFlow(t *probe, s shop) {
	staff, customer := s.SignIn(t, "staff"), s.SignUp(t)
	product := s.NewProduct(t, staff, 10)
	started := time.Now()
	order := s.PlaceOrder(t, customer, product.ID, 2)
	s.AwaitOrder(t, customer, order.ID, "confirmed")
	t.note("confirmed %s after it was sent", time.Since(started).Round(time.Millisecond))
	s.AwaitMail(t, order.ID, "order-confirmed")
	s.AwaitStock(t, product.ID, client.Product{Stock: 10, Available: 8, Reserved: 2})

	s.Fulfil(t, staff, order.ID, "ship")
	s.AwaitOrder(t, customer, order.ID, "shipped")
	s.AwaitMail(t, order.ID, "order-shipped")
	s.AwaitStock(t, product.ID, client.Product{Stock: 8, Available: 8, Sold: 2})

	s.Fulfil(t, staff, order.ID, "deliver")
	s.AwaitOrder(t, customer, order.ID, "delivered")
	s.AwaitMail(t, order.ID, "order-delivered")
	if orders := s.Orders(t, customer); len(orders) != 1 || orders[0].ID != order.ID {
		t.Errorf("the customer's list: got %+v", orders)
	}
}

func cancelFlow(t *probe, s shop) {
	staff, customer := s.SignIn(t, "staff"), s.SignUp(t)
	product := s.NewProduct(t, staff, 5)
	order := s.PlaceOrder(t, customer, product.ID, 5)
	s.AwaitOrder(t, customer, order.ID, "confirmed")
	cancel := func(id string) client.Request {
		return client.Request{
			Method: "POST", Path: "/orders/" + id + "/cancel", As: customer, Header: map[string]string{"Prefer": "respond-async"},
		}
	}
	s.Must(t, cancel(order.ID), http.StatusAccepted, nil)
	s.AwaitOrder(t, customer, order.ID, "cancelled")
	s.AwaitMail(t, order.ID, "order-cancelled")
	s.AwaitStock(t, product.ID, client.Product{Stock: 5, Available: 5})

	shipped := s.PlaceOrder(t, customer, product.ID, 1)
	s.AwaitOrder(t, customer, shipped.ID, "confirmed")
	s.Fulfil(t, staff, shipped.ID, "ship")
	s.AwaitOrder(t, customer, shipped.ID, "shipped")
	s.Must(t, cancel(shipped.ID), http.StatusConflict, nil)
}

// buy places orders of one piece, all at once. A buyer who is told to come again does so with the same key.
func (s shop) buy(t *probe, customers []client.User, productID string, orders int) []client.Placed {
	t.Helper()
	taken := make([]client.Placed, orders)
	system.AtOnce(orders, func(n int) {
		order := client.OrderBy(customers[n%len(customers)], productID, 1)
		order.Key = fmt.Sprintf("%s-%d", productID, n)
		var err error
		if taken[n], err = s.Insist(t.Context(), order); err != nil {
			t.Errorf("buyer %d: %v", n, err)
		}
	})
	return slices.DeleteFunc(taken, func(o client.Placed) bool { return o.ID == "" })
}

func (s shop) customers(t *probe) []client.User {
	t.Helper()
	return []client.User{s.SignUp(t), s.SignUp(t), s.SignUp(t), s.SignUp(t)}
}

func oversell(t *probe, s shop) {
	const buyers, pieces = 60, 30
	product := s.NewProduct(t, s.SignIn(t, "staff"), pieces)
	customers := s.customers(t)
	started := time.Now()
	count := s.Decided(t, s.buy(t, customers, product.ID, buyers))
	if count["confirmed"] != pieces || count["rejected"] != buyers-pieces {
		t.Errorf("got %v, want %d confirmed and %d rejected", count, pieces, buyers-pieces)
	}
	s.AwaitStock(t, product.ID, client.Product{Stock: pieces, Reserved: pieces})
	t.note("%d orders of one product were decided in %s", buyers, time.Since(started).Round(time.Millisecond))
}

func oneKey(t *probe, s shop) { s.ExpectOneOrder(t, 20) }

func killedWorkers(t *probe, s shop) {
	const orders, pieces = 40, 30
	product := s.NewProduct(t, s.SignIn(t, "staff"), pieces)
	customers, bought := s.customers(t), make(chan []client.Placed, 1)
	go func() { bought <- s.buy(t, customers, product.ID, orders) }()
	for _, victim := range []string{"order-worker", "order-worker.sidecar", "inventory-worker"} {
		s.rig.Kill(t, victim)
	}
	killed := time.Now()
	count := s.Decided(t, <-bought)
	if count["confirmed"] != pieces || count["rejected"] != orders-pieces {
		t.Errorf("got %v, want %d confirmed and %d rejected", count, pieces, orders-pieces)
	}
	s.AwaitStock(t, product.ID, client.Product{Stock: pieces, Reserved: pieces})
	t.note("%d orders were decided %s after the last kill", orders, time.Since(killed).Round(time.Millisecond))
}
