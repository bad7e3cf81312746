// Package cost counts the calls between apps and sidecars that an order needs, and each of its later steps, and fails when there
// are more than decided. Calls, not the work of the apps, decide what an order costs.
package cost

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"stoa/internal/sidecarmetrics"
	"stoa/test/client"
)

type calls = sidecarmetrics.Calls

// The kinds of calls.
const (
	get, bulkGet, set = "get", "bulk_get", "set"
	publish, deliver  = sidecarmetrics.Publish, sidecarmetrics.Deliver
	binding           = sidecarmetrics.Binding
	toOrders          = sidecarmetrics.Invoke + " order-api"
	toOffice          = sidecarmetrics.Invoke + " backoffice"
	toStock           = sidecarmetrics.Invoke + " inventory-worker"
)

// What was decided. An event costs one delivery. To add an entry to a list costs one get and one set, of its head.
var (
	// An order of one line, until it is confirmed: 24 calls, those of the null twin (see bench/twin).
	placed = calls{
		"gateway":          {toOrders: 1},
		"order-api":        {set: 1, publish: 1},
		"inventory-worker": {deliver: 1, bulkGet: 1, set: 2, publish: 1}, // product and reservation are read in one call
		"order-worker":     {deliver: 1, get: 2, set: 2, publish: 1},     // the order, and the list of the customer
		"backoffice":       {deliver: 1, get: 1, set: 2},                 // the queue, and the fulfilment, which is new
		"notification":     told,
	}
	// A notice: the list of the inbox, its record before and after the mail, and the mail.
	told = map[string]float64{deliver: 1, get: 1, set: 3, binding: 1}
	// A quote of products whose prices nobody has asked for within the last second.
	quoted = calls{"order-api": {toStock: 1}, "inventory-worker": {bulkGet: 1}}
	// Four further lines: each product is saved.
	further = calls{"inventory-worker": {set: 4}}
	// An order of more pieces than there are. backoffice and inventory-worker are told as well, and have nothing to do.
	rejected = calls{
		"gateway":          {toOrders: 1},
		"order-api":        {set: 1, publish: 1},
		"inventory-worker": {deliver: 2, bulkGet: 4, set: 1, publish: 1},
		"order-worker":     {deliver: 1, get: 2, set: 2, publish: 1},
		"backoffice":       {deliver: 1},
		"notification":     told,
	}
	// The same request again, with its Idempotency-Key: the order cannot be created, which is looked at and read.
	repeated = calls{"gateway": {toOrders: 1}, "order-api": {set: 1, get: 2}}
	// An order, and a page of the list of orders.
	read   = calls{"gateway": {toOrders: 1}, "order-api": {get: 1}}
	listed = calls{"gateway": {toOrders: 1}, "order-api": {get: 1, bulkGet: 1}}
	// A step that the staff takes: the command, the order, its fulfilment with the list of its new status, and the notice.
	delivered = calls{
		"gateway":          {toOffice: 1},
		"backoffice":       {get: 3, publish: 1, deliver: 1, set: 2},
		"order-worker":     {deliver: 1, get: 1, set: 1, publish: 1},
		"inventory-worker": {deliver: 1},
		"notification":     told,
	}
	// The same, and the pieces leave the stock: a movement begins, is decided by the reservation, and ends.
	shipped = delivered.Plus(calls{"inventory-worker": {bulkGet: 2, set: 3}})
	// A cancellation by the customer, of a confirmed order: the pieces are available again.
	cancelled = calls{
		"gateway":          {toOrders: 1},
		"order-api":        {get: 1, publish: 1},
		"order-worker":     {deliver: 1, get: 1, set: 1, publish: 1},
		"inventory-worker": {deliver: 1, bulkGet: 2, set: 3},
		"backoffice":       {deliver: 1, get: 2, set: 2},
		"notification":     {deliver: 1, get: 1, bulkGet: 1, set: 3, binding: 1}, // it looks whether it was confirmed
	}
)

// How often people do something.
const (
	orders = 100
	some   = 50
)

func TestCalls_areNotMoreThanDecided(t *testing.T) {
	w := newWorld(t)
	amphora := []string{w.product(t, 100_000)}
	w.place(t, 2*callers, amphora) // the first ones make lists and connections

	t.Run("an order of one line", func(t *testing.T) {
		got := w.place(t, orders, amphora)
		got.expectRemembered(t, "order-api", toStock)
		got.expect(t, placed.Plus(got.quotes()))
	})
	t.Run("an order at a price that nobody has asked for lately", func(t *testing.T) {
		w.place(t, some, w.products(t, some)...).expect(t, placed.Plus(quoted))
	})
	t.Run("an order of five lines", func(t *testing.T) {
		got := w.place(t, some, slices.Concat(w.products(t, 5)...))
		got.expect(t, placed.Plus(further).Plus(got.quotes()))
	})
	t.Run("an order of what is sold out", func(t *testing.T) {
		got := w.place(t, some, []string{w.product(t, 0)})
		got.expect(t, rejected.Plus(got.quotes()))
	})
	t.Run("an order that is sent twice", func(t *testing.T) {
		w.key = "twice"
		got := w.place(t, some, amphora)
		got.expect(t, placed.Plus(got.quotes()))
		got = w.place(t, some, amphora)
		got.expect(t, repeated.Plus(got.quotes()))
		w.key = ""
	})

	w.place(t, 2*some, amphora)
	shown, withdrawn := w.placed[:some], w.placed[some:]
	for _, step := range []struct {
		what    string
		request func(i int) client.Request
		status  int
		decided calls
	}{
		{"an order that is read", func(i int) client.Request {
			return client.Request{Method: "GET", Path: "/orders/" + shown[i].ID, As: shown[i].Customer}
		}, http.StatusOK, read},
		{"a list of orders", func(i int) client.Request {
			return client.Request{Method: "GET", Path: "/orders?limit=20", As: shown[i].Customer}
		}, http.StatusOK, listed},
		{"an order that is shipped", w.fulfil(shown, "ship"), http.StatusAccepted, shipped},
		{"an order that is delivered", w.fulfil(shown, "deliver"), http.StatusAccepted, delivered},
		{"an order that is cancelled", func(i int) client.Request {
			order := withdrawn[i]
			return client.Request{Method: "POST", Path: "/orders/" + order.ID + "/cancel", As: order.Customer, Header: async}
		}, http.StatusAccepted, cancelled},
	} {
		t.Run(step.what, func(t *testing.T) {
			w.measure(t, some, func(i int) error { return w.ask(t, step.request(i), step.status, nil) }).expect(t, step.decided)
		})
	}
}

// async asks for an answer at once: how often a request reads while it waits depends on the machine.
var async = map[string]string{"Prefer": "respond-async"}

// world is a shop with people in it.
type world struct {
	*shop
	staff     client.User
	customers [callers]client.User
	placed    []client.Placed // the last ones
	key       string          // beginning of the Idempotency-Key of each order, "" for none
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{shop: start(t)}
	w.staff = w.SignIn(t, "staff")
	for i := range w.customers {
		w.customers[i] = w.SignUp(t)
	}
	return w
}

// fulfil returns what the staff sends to take a step with each of these orders.
func (w *world) fulfil(orders []client.Placed, step string) func(i int) client.Request {
	return func(i int) client.Request {
		path := "/backoffice/fulfilments/" + orders[i].ID + "/" + step
		return client.Request{Method: "POST", Path: path, As: w.staff, Header: async}
	}
}

// product puts a product on sale, and returns its id.
func (w *world) product(t *testing.T, stock int) string {
	t.Helper()
	return w.NewProduct(t, w.staff, stock).ID
}

// products are n orders of one line, each of a product of its own.
func (w *world) products(t *testing.T, n int) (lines [][]string) {
	t.Helper()
	for range n {
		lines = append(lines, []string{w.product(t, 1000)})
	}
	return lines
}

// place places n orders of a piece of each of these products: the first order of the first ones, and so on.
func (w *world) place(t *testing.T, n int, products ...[]string) measured {
	t.Helper()
	w.placed = make([]client.Placed, n)
	return w.measure(t, n, func(i int) error {
		request := client.Request{Method: "POST", Path: "/orders", As: w.customers[i%callers]}
		if w.key != "" {
			request.Key = fmt.Sprint(w.key, "-", i)
		}
		var lines []client.Line
		for _, id := range products[i%len(products)] {
			lines = append(lines, client.Line{ProductID: id, Quantity: 1})
		}
		request.Body = map[string]any{"items": lines}
		var order client.Order
		err := w.ask(t, request, http.StatusCreated, &order)
		w.placed[i] = client.Placed{Customer: request.As, ID: order.ID}
		return err
	})
}
