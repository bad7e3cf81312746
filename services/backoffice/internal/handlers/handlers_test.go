package handlers_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gorilla/mux"

	"stoa/api/events"
	"stoa/internal/golden"
	"stoa/pkg/common/errs"
	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/pkg/messaging"
	"stoa/pkg/messaging/messagingtest"
	"stoa/pkg/sidecar/sidecartest"
	"stoa/services/backoffice/internal/domain"
	"stoa/services/backoffice/internal/handlers"
	"stoa/services/backoffice/internal/providers"
	"stoa/services/backoffice/internal/repositories"
)

const (
	orderID = "0198c6a0-0000-7000-8000-000000000001"
	staffID = "0198c6a0-0000-7000-8000-000000000002"
)

// office is the service on a store and a bus in memory.
type office struct {
	states *sidecartest.States
	bus    *messagingtest.Bus
	router *mux.Router
	api    huma.API
	on     map[string]messaging.Handler

	autoFulfil bool
}

// verifier reads the token as the caller's role.
type verifier struct{}

func (verifier) Verify(_ context.Context, token string) (identity.Caller, error) {
	return identity.Caller{ID: staffID, Roles: []identity.Role{identity.Role(token)}}, nil
}

func newOffice(t *testing.T, commandWait time.Duration) *office {
	t.Helper()
	states, side := sidecartest.New()
	bus, publisher := messagingtest.NewPublisher(t, "backoffice")
	events := providers.NewEvents(publisher)
	o := &office{states: states, bus: bus, router: web.NewRouter(), on: map[string]messaging.Handler{}}
	fulfilments := domain.NewFulfilments(repositories.NewFulfilments(side), events, func() bool { return o.autoFulfil })
	letters := domain.NewDeadLetters(repositories.NewDeadLetters(side), events)
	o.api = web.NewAPI(o.router, "Backoffice", "For the staff: ship orders, and replay events that could not be handled.")
	identity.Protect(o.api, verifier{})
	handlers.Routes(o.api, fulfilments, letters, commandWait)
	handlers.Schedules(o.router, fulfilments, letters)
	for _, s := range handlers.Subscriptions(fulfilments, letters) {
		maps.Copy(o.on, s.On)
	}
	return o
}

// call sends a request as staff and reads the answer into out, unless that is nil.
func (o *office) call(t *testing.T, method, path string, status int, out any, headers ...string) {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), method, path, nil)
	request.Header.Set("Authorization", "Bearer STAFF")
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	answer := httptest.NewRecorder()
	o.router.ServeHTTP(answer, request)
	if answer.Code != status {
		t.Fatalf("%s %s: got %d %s, want %d", method, path, answer.Code, answer.Body, status)
	}
	if out != nil {
		if err := json.Unmarshal(answer.Body.Bytes(), out); err != nil {
			t.Fatalf("%s %s: %v in %s", method, path, err, answer.Body)
		}
	}
}

// all returns the items of a list, and on how many pages they are.
func all[T any](t *testing.T, o *office, path string) (items []T, pages int) {
	t.Helper()
	for cursor := ""; ; {
		var page struct {
			Items []T
			Next  string
		}
		o.call(t, http.MethodGet, path+"&cursor="+cursor, http.StatusOK, &page)
		items, pages = append(items, page.Items...), pages+1
		if cursor = page.Next; cursor == "" {
			return items, pages
		}
	}
}

func order(id, status string) domain.Order {
	at, price := time.Now().UTC(), domain.Money{Amount: 1250, Currency: "EUR"}
	return domain.Order{
		ID: id, Status: status, Total: price, CreatedAt: at, UpdatedAt: at,
		Customer: domain.Customer{ID: "0198c6a0-0000-7000-8000-000000000003", Email: "a@example.com", Name: "Ada"},
		Items: []domain.Line{{
			ProductID: "0198c6a0-0000-7000-8000-000000000004", SKU: "AMP-1", Name: "Amphora", Quantity: 1, UnitPrice: price,
		}},
	}
}

// eventOf is the event that an order reached this status.
func eventOf(t *testing.T, id, status string) messaging.Event {
	t.Helper()
	e, err := messaging.New("order."+status+".v1", id, order(id, status))
	if err != nil {
		t.Fatal(err)
	}
	if err := events.Check(e.Type, e.Data); err != nil {
		t.Fatalf("the payload of %s does not match its schema: %v", e.Type, err)
	}
	return e
}

// happen delivers the event that an order reached this status.
func (o *office) happen(t *testing.T, id, status string) {
	t.Helper()
	e := eventOf(t, id, status)
	if err := o.on[e.Type](t.Context(), e); err != nil {
		t.Fatalf("%s: %v", e.Type, err)
	}
}

func TestOpenAPI_isUpToDate(t *testing.T) {
	raw, err := json.MarshalIndent(newOffice(t, 0).api.OpenAPI(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "api/openapi/backoffice.json", append(raw, '\n'))
}

func TestRoutes_areOnlyForTheStaff(t *testing.T) {
	o := newOffice(t, 0)
	for path, method := range map[string]string{
		"/fulfilments":                         http.MethodGet,
		"/fulfilments/" + orderID + "/ship":    http.MethodPost,
		"/fulfilments/" + orderID + "/deliver": http.MethodPost,
		"/dead-letters":                        http.MethodGet,
		"/dead-letters/" + orderID:             http.MethodDelete,
		"/dead-letters/" + orderID + "/replay": http.MethodPost,
	} {
		o.call(t, method, "/api/v1/backoffice"+path, http.StatusUnauthorized, nil, "Authorization", "")
		for _, role := range []identity.Role{identity.Learner, identity.Author, identity.Editor} {
			o.call(t, method, "/api/v1/backoffice"+path, http.StatusForbidden, nil, "Authorization", "Bearer "+string(role))
		}
	}
	o.call(t, http.MethodGet, "/api/v1/backoffice/fulfilments", http.StatusOK, nil, "Authorization", "Bearer ADMIN")
}

// Dapr asks by OPTIONS whether there is a handler for a binding, and reads 405 as yes.
func TestSchedules_areFoundByTheSidecar(t *testing.T) {
	o := newOffice(t, 0)
	o.call(t, http.MethodOptions, "/compact", http.StatusMethodNotAllowed, nil)
	o.call(t, http.MethodPost, "/compact", http.StatusOK, nil)
	o.states.Before = func(string, string) error { return errs.New(errs.Unavailable, "down") }
	o.call(t, http.MethodPost, "/compact", http.StatusServiceUnavailable, nil)
}
