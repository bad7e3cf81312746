package handlers_test

import (
	"net/http"
	"testing"
	"time"

	"stoa/api/events"
	"stoa/internal/golden"
	"stoa/internal/openapitest"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web"
	"stoa/pkg/common/web/webtest"
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
	*webtest.Server
	states *sidecartest.States
	bus    *messagingtest.Bus
	on     map[string]messaging.Handler

	autoFulfil bool
}

// newOffice returns an office whose callers have their one role as their token.
func newOffice(t *testing.T, commandWait time.Duration) *office {
	t.Helper()
	states, side := sidecartest.New()
	bus, publisher := messagingtest.NewPublisher(t, "backoffice")
	callers, events := webtest.Callers{}, providers.NewEvents(publisher)
	for _, role := range []identity.Role{identity.Learner, identity.Author, identity.Editor, identity.Staff, identity.Admin} {
		callers[string(role)] = identity.Caller{ID: staffID, Roles: []identity.Role{role}}
	}
	o := &office{states: states, bus: bus}
	o.Server = webtest.New("Backoffice", "For the staff: ship orders, and replay events that could not be handled.", callers)
	fulfilments := domain.NewFulfilments(repositories.NewFulfilments(side, 30*24*time.Hour), events, func() bool { return o.autoFulfil })
	letters := domain.NewDeadLetters(repositories.NewDeadLetters(side), events)
	handlers.Routes(o.API, fulfilments, letters, commandWait)
	handlers.InternalRoutes(web.NewAPI(o.Router.PathPrefix(handlers.InternalBase).Subrouter(), "Internal", ""), fulfilments, letters)
	handlers.Schedules(o.Router, fulfilments, letters)
	o.on = messagingtest.Handlers(handlers.Subscriptions(fulfilments, letters))
	return o
}

// call sends a request as staff.
func (o *office) call(t *testing.T, method, path string) *webtest.Answer {
	return o.Do(t, webtest.Request{Method: method, Path: path, Token: "STAFF"})
}

// all returns the items of a list, and on how many pages they are.
func all[T any](t *testing.T, o *office, path string) (items []T, pages int) {
	t.Helper()
	for cursor := ""; ; {
		page := webtest.Read[web.Listing[T]](o.call(t, http.MethodGet, path+"&cursor="+cursor), http.StatusOK)
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

// newEvent returns an event whose payload is what its schema says.
func newEvent(t *testing.T, eventType, subject string, data any) messaging.Event {
	t.Helper()
	e := must.Get(messaging.New(eventType, subject, data))(t)
	if err := events.Check(e.Type, e.Data); err != nil {
		t.Fatalf("the payload of %s does not match its schema: %v", e.Type, err)
	}
	return e
}

// eventOf is the event that an order reached this status.
func eventOf(t *testing.T, id, status string) messaging.Event {
	t.Helper()
	return newEvent(t, "order."+status+".v1", id, order(id, status))
}

// happen delivers the event that an order reached this status.
func (o *office) happen(t *testing.T, id, status string) {
	t.Helper()
	o.handle(t, eventOf(t, id, status))
}

// handle delivers an event.
func (o *office) handle(t *testing.T, e messaging.Event) {
	t.Helper()
	if err := o.on[e.Type](t.Context(), e); err != nil {
		t.Fatalf("%s: %v", e.Type, err)
	}
}

func TestOpenAPI_isUpToDate(t *testing.T) {
	golden.Check(t, "api/openapi/backoffice.json", newOffice(t, 0).Description(t))
}

func TestAPI_isWhatItsDescriptionSays(t *testing.T) {
	must.HaveTime(t)
	o := newOffice(t, 0)
	for range 10 {
		queued, shipped, l := ids.New(), ids.New(), letter(t)
		o.happen(t, queued, "confirmed")
		o.happen(t, shipped, "confirmed")
		o.happen(t, shipped, "shipped")
		o.receive(t, l)
	}
	openapitest.Attack(t, o.Server, openapitest.Client{SignIn: openapitest.As("STAFF")}, 100)
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
		for token, status := range map[string]int{"": 401, "LEARNER": 403, "AUTHOR": 403, "EDITOR": 403} {
			o.Do(t, webtest.Request{Method: method, Path: "/api/v1/backoffice" + path, Token: token}).Expect(status)
		}
	}
	o.Do(t, webtest.Request{Path: fulfilments, Token: "ADMIN"}).Expect(http.StatusOK)
}
