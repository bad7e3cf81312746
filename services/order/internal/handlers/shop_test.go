package handlers_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/pkg/messaging"
	"stoa/pkg/messaging/messagingtest"
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

// callers are the people who may call, by their tokens.
var callers = map[string]identity.Caller{
	"alice": {ID: ids.Derive("alice"), Email: "alice@example.com", Name: "Alice", Roles: []identity.Role{identity.Learner}},
	"bob":   {ID: ids.Derive("bob"), Email: "bob@example.com", Name: "Bob", Roles: []identity.Role{identity.Learner}},
	"staff": {ID: ids.Derive("staff"), Email: "staff@example.com", Name: "Staff", Roles: []identity.Role{identity.Staff}},
}

// prices quotes every product at its price in cents.
type prices map[string]int64

func (p prices) Quote(_ context.Context, wanted []domain.Wanted) ([]domain.Line, error) {
	lines := make([]domain.Line, len(wanted))
	for i, w := range wanted {
		price, ok := p[w.ProductID]
		if !ok {
			return nil, errs.InvalidField("items[0].productId", "is not a product")
		}
		lines[i] = domain.Line{ProductID: w.ProductID, SKU: "SKU", Name: "Fruit", Quantity: w.Quantity,
			UnitPrice: domain.Money{Amount: price, Currency: "EUR"}}
	}
	return lines, nil
}

// shop is the API and the worker on a store and a bus in memory. The bus delivers nothing by itself.
type shop struct {
	states *sidecartest.States
	bus    *messagingtest.Bus
	orders *repositories.Orders
	api    http.Handler
	worker map[string]messaging.Handler

	signedOut atomic.Bool // the sessions of all callers have ended
}

// tokenTime is how long the tokens are valid.
const tokenTime = 15 * time.Minute

// Verify implements identity.Verifier.
func (s *shop) Verify(_ context.Context, token string) (identity.Caller, error) {
	caller, ok := callers[token]
	if !ok || s.signedOut.Load() {
		return identity.Caller{}, errs.New(errs.Unauthenticated, "the access token is not valid")
	}
	caller.ExpiresAt = time.Now().Add(tokenTime)
	return caller, nil
}

func newShop(t *testing.T) *shop {
	t.Helper()
	states, side := sidecartest.New()
	bus, publisher := messagingtest.NewPublisher(t, "order")
	orders, events := repositories.New(side), providers.NewEvents(publisher)
	router := web.NewRouter()
	api := web.NewAPI(router, "Orders", "")
	s := &shop{states: states, bus: bus, orders: orders, worker: map[string]messaging.Handler{}}
	identity.Protect(api, s)
	placement := domain.NewPlacement(orders, prices{apple: 250, pear: 100}, events)
	handlers.Routes(api, placement, domain.NewOrders(orders, events), 2*time.Second)
	s.api = web.Wrap(router, zerolog.Nop())
	for _, subscription := range handlers.Subscriptions(domain.NewProgress(orders, events)) {
		maps.Copy(s.worker, subscription.On)
	}
	return s
}

// request is one call of the API, by default a GET by alice. In the body the names of products stand for their ids.
type request struct {
	method, path, token, body string
	header                    http.Header
}

func (s *shop) do(ctx context.Context, r request) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	s.serve(ctx, answer, r)
	return answer
}

func (s *shop) serve(ctx context.Context, w http.ResponseWriter, r request) {
	if r.method == "" {
		r.method = http.MethodGet
	}
	body := strings.NewReplacer("APPLE", apple, "PEAR", pear).Replace(r.body)
	sent := httptest.NewRequestWithContext(ctx, r.method, "/api/v1/orders"+r.path, strings.NewReader(body))
	for name, values := range r.header {
		sent.Header[name] = values
	}
	if r.token == "" {
		r.token = "alice"
	}
	sent.Header.Set("Authorization", "Bearer "+r.token)
	if r.body != "" && sent.Header.Get("Content-Type") == "" {
		sent.Header.Set("Content-Type", "application/json")
	}
	s.api.ServeHTTP(w, sent)
}

const oneApple = `{"items":[{"productId":"APPLE","quantity":1}]}`

// place places an order; key may be "".
func (s *shop) place(ctx context.Context, key, body string) *httptest.ResponseRecorder {
	r := request{method: http.MethodPost, body: body}
	if key != "" {
		r.header = http.Header{"Idempotency-Key": {key}}
	}
	return s.do(ctx, r)
}

// placed places an order for one apple and returns it.
func (s *shop) placed(t *testing.T, key string) handlers.Order {
	t.Helper()
	return orderOf(t, s.place(t.Context(), key, oneApple), http.StatusCreated)
}

// orderOf returns the order of an answer that must have this status.
func orderOf(t *testing.T, answer *httptest.ResponseRecorder, status int) handlers.Order {
	t.Helper()
	var order handlers.Order
	if answer.Code != status {
		t.Fatalf("got %d %s, want %d", answer.Code, answer.Body, status)
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &order); err != nil {
		t.Fatal(err)
	}
	return order
}

// expectProblem fails the test unless the answer is this problem.
func expectProblem(t *testing.T, answer *httptest.ResponseRecorder, status int, kind errs.Kind, field string) {
	t.Helper()
	var p web.Problem
	if err := json.Unmarshal(answer.Body.Bytes(), &p); err != nil {
		t.Fatalf("%v: %d %s", err, answer.Code, answer.Body)
	}
	if answer.Code != status || p.Kind != kind || answer.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("got %d %s, want %d %s", answer.Code, answer.Body, status, kind)
	}
	if field != "" && (len(p.Errors) == 0 || p.Errors[0].Name != field) {
		t.Errorf("got %s, want the field %s", answer.Body, field)
	}
}

// handle lets the worker handle an event.
func (s *shop) handle(t *testing.T, eventType, orderID string, data map[string]any) error {
	t.Helper()
	data["orderId"] = orderID
	e, err := messaging.New(eventType, orderID, data)
	if err != nil {
		t.Fatal(err)
	}
	return s.worker[eventType](t.Context(), e)
}

// reserve tells the worker that one piece of a product is reserved under an order's id.
func (s *shop) reserve(t *testing.T, orderID, product string) error {
	t.Helper()
	return s.handle(t, "stock.reserved.v1", orderID, map[string]any{
		"items": []map[string]any{{"productId": product, "quantity": 1}},
	})
}

// command sends the worker a command about an order.
func (s *shop) command(t *testing.T, verb, orderID string) error {
	t.Helper()
	return s.handle(t, "order."+verb+".v1", orderID, map[string]any{"by": "somebody", "reason": "for a reason"})
}

// must fails the test on an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// expectStatus fails the test unless the stored order has this status.
func (s *shop) expectStatus(t *testing.T, id string, want domain.Status) {
	t.Helper()
	record, err := s.orders.Find(t.Context(), id)
	if err != nil || record.Status != want {
		t.Errorf("got %q, %v, want %s", record.Status, err, want)
	}
}

// expectStored fails the test unless so many documents are stored.
func (s *shop) expectStored(t *testing.T, want int) {
	t.Helper()
	if keys := s.states.Keys(store, ""); len(keys) != want {
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
