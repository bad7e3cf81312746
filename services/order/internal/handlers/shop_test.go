package handlers_test

import (
	"cmp"
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web"
	"stoa/pkg/common/web/webtest"
	"stoa/pkg/identity"
	"stoa/pkg/messaging"
	"stoa/pkg/messaging/messagingtest"
	"stoa/pkg/sidecar"
	"stoa/pkg/sidecar/sidecartest"
	"stoa/services/order/internal/domain"
	"stoa/services/order/internal/handlers"
	"stoa/services/order/internal/providers"
	"stoa/services/order/internal/repositories"
)

const store = "order-store"

// Two products that the fake inventory knows, and one that it does not.
var (
	apple   = ids.Derive("product", "apple")
	pear    = ids.Derive("product", "pear")
	unknown = ids.Derive("product", "unknown")
)

// newCallers returns the people who may call, by their tokens.
func newCallers() webtest.Callers {
	return webtest.Callers{
		"alice": {ID: ids.Derive("alice"), Email: "alice@example.com", Name: "Alice", Verified: true},
		"bob":   {ID: ids.Derive("bob"), Email: "bob@example.com", Name: "Bob", Verified: true},
		"staff": {ID: ids.Derive("staff"), Email: "staff@example.com", Name: "Stan", Roles: []identity.Role{identity.Staff}, Verified: true},
		"new":   {ID: ids.Derive("new"), Email: "new@example.com", Name: "Nina"}, // has not verified the address
	}
}

// catalogue is inventory: the prices of its products in cents. A quote may be an old one: the price that is remembered.
type catalogue struct {
	prices     map[string]int64
	remembered map[string]int64
	err        error
}

func (c *catalogue) Quote(_ context.Context, wanted []domain.Wanted, maxAge time.Duration) ([]domain.Line, error) {
	lines := make([]domain.Line, len(wanted))
	for i, w := range wanted {
		price, ok := c.remembered[w.ProductID]
		if !ok || maxAge == 0 {
			price, ok = c.prices[w.ProductID]
		}
		if !ok {
			return nil, errs.InvalidField("items[0].productId", "is not a product")
		}
		lines[i] = domain.Line{ProductID: w.ProductID, SKU: "SKU", Name: "Fruit", Quantity: w.Quantity,
			UnitPrice: domain.Money{Amount: price, Currency: "EUR"}}
	}
	return lines, c.err
}

// shared is what the processes of a shop share: a store and a bus in memory, and inventory. The bus delivers nothing by itself.
type shared struct {
	states    *sidecartest.States
	bus       *messagingtest.Bus
	publisher *messaging.Publisher
	inventory *catalogue
}

// shop is a process of the API and one of the worker.
type shop struct {
	*webtest.Server
	shared
	orders *repositories.Orders
	worker map[string]messaging.Handler
	limit  atomic.Int64 // of pieces in open orders

	callers   webtest.Callers
	signedOut atomic.Bool // the sessions of all callers have ended
}

// Verify implements identity.Verifier.
func (s *shop) Verify(ctx context.Context, token string) (identity.Caller, error) {
	if s.signedOut.Load() {
		token = ""
	}
	return s.callers.Verify(ctx, token)
}

func newShop(t *testing.T) *shop { return newShopThatWaits(t, 2*time.Second) }

// newShopThatWaits returns a shop that waits so long for the outcome of a cancellation.
func newShopThatWaits(t *testing.T, wait time.Duration) *shop {
	t.Helper()
	states, _ := sidecartest.New()
	bus, publisher := messagingtest.NewPublisher(t, "order")
	inventory := &catalogue{prices: map[string]int64{apple: 250, pear: 100}, remembered: map[string]int64{}}
	return shared{states, bus, publisher, inventory}.open(states, inventory, wait)
}

// open starts processes that call the store and inventory through these clients.
func (with shared) open(states sidecar.StateClient, quoter domain.Quoter, wait time.Duration) *shop {
	orders, events := repositories.New(sidecar.StatesOnly(states)), providers.NewEvents(with.publisher)
	s := &shop{shared: with, orders: orders, callers: newCallers()}
	s.limit.Store(100)
	s.Server = webtest.New("Orders", "Place, follow and cancel orders.", s)
	placement := domain.NewPlacement(orders, domain.NewAdmission(orders, s.limit.Load), quoter, events)
	handlers.Routes(s.API, placement, domain.NewOrders(orders, events), domain.NewCustomers(orders, directory(newCallers())), wait)
	internal := web.NewAPI(s.Router.PathPrefix(handlers.InternalBase).Subrouter(), "Orders, internal", "")
	handlers.InternalRoutes(internal, domain.NewOrders(orders, events))
	allowance := domain.NewAllowance(orders, s.limit.Load)
	s.worker = messagingtest.Handlers(handlers.Subscriptions(domain.NewProgress(orders, allowance, events), domain.NewErasure(orders, events)))
	return s
}

// replica returns other processes of the same shop.
func (s *shop) replica() *shop { return s.shared.open(s.states, s.inventory, time.Second) }

// request completes a request: it is sent by alice unless it says otherwise, its path is below that of the orders, and in
// its body the names of products stand for their ids.
func request(r webtest.Request) webtest.Request {
	r.Token = cmp.Or(r.Token, "alice")
	r.Path = "/api/v1/orders" + r.Path
	r.Body = strings.NewReplacer("APPLE", apple, "PEAR", pear).Replace(r.Body)
	return r
}

func (s *shop) do(t *testing.T, r webtest.Request) *webtest.Answer { return s.Do(t, request(r)) }

// orderOf reads the order of an answer that must have this status.
var orderOf = webtest.Read[handlers.Order]

const (
	oneApple = `{"items":[{"productId":"APPLE","quantity":1}]}`
	onePear  = `{"items":[{"productId":"PEAR","quantity":1}]}`
)

// placing returns the request that places an order; key may be "".
func placing(key, body string) webtest.Request {
	r := webtest.Request{Method: http.MethodPost, Body: body}
	if key != "" {
		r.Header = http.Header{"Idempotency-Key": {key}}
	}
	return r
}

// place sends the request for an order.
func (s *shop) place(t *testing.T, key, body string) *webtest.Answer {
	return s.do(t, placing(key, body))
}

// placed places an order for one apple and returns it.
func (s *shop) placed(t *testing.T, key string) handlers.Order {
	t.Helper()
	return orderOf(s.place(t, key, oneApple), http.StatusCreated)
}

// handle lets the worker handle an event.
func (s *shop) handle(t *testing.T, eventType, orderID string, data map[string]any) error {
	t.Helper()
	data["orderId"] = orderID
	e := must.Get(messaging.New(eventType, orderID, data))(t)
	return s.worker[eventType](t.Context(), e)
}

// reserve tells the worker that one piece of a product is reserved under an order's id.
func (s *shop) reserve(t *testing.T, orderID, product string) error {
	t.Helper()
	return s.reservePieces(t, orderID, product, 1)
}

func (s *shop) reservePieces(t *testing.T, orderID, product string, pieces int) error {
	t.Helper()
	return s.handle(t, "stock.reserved.v1", orderID, map[string]any{
		"items": []map[string]any{{"productId": product, "quantity": pieces}},
	})
}

// command sends the worker a command about an order.
func (s *shop) command(t *testing.T, verb, orderID string) error {
	t.Helper()
	return s.handle(t, "order."+verb+".v1", orderID, map[string]any{"by": "somebody", "reason": "for a reason"})
}

// expectStatus fails the test unless the stored order has this status.
func (s *shop) expectStatus(t *testing.T, id string, want domain.Status) {
	t.Helper()
	record, err := s.orders.Find(t.Context(), id)
	if err != nil || record.Status != want {
		t.Errorf("got %q, %v, want %s", record.Status, err, want)
	}
}

// expectStored fails the test unless so many orders are stored.
func (s *shop) expectStored(t *testing.T, want int) {
	t.Helper()
	if keys := s.states.Keys(store, "order:"); len(keys) != want {
		t.Errorf("stored: %v, want %d", keys, want)
	}
}

// expectPublished fails the test unless these topics and types were published, without copies.
func (s *shop) expectPublished(t *testing.T, want ...string) {
	t.Helper()
	var got []string
	seen := map[string]bool{}
	for _, e := range s.bus.Events() {
		if !seen[e.ID] {
			seen[e.ID] = true
			got = append(got, e.Topic+" "+e.Type)
		}
	}
	if strings.Join(got, ", ") != strings.Join(want, ", ") {
		t.Errorf("published %v, want %v", got, want)
	}
}
