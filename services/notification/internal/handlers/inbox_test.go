package handlers_test

import (
	"net/http"
	"slices"
	"testing"

	"stoa/internal/golden"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web"
	"stoa/pkg/common/web/webtest"
	"stoa/pkg/identity"
	"stoa/pkg/sidecar"
	"stoa/pkg/sidecar/sidecartest"
	"stoa/services/notification/internal/domain"
	"stoa/services/notification/internal/handlers"
	"stoa/services/notification/internal/repositories"
)

const inbox = "/api/v1/notifications"

func serve(side *sidecar.Sidecar) *webtest.Server {
	learner := []identity.Role{identity.Learner}
	server := webtest.New("Notifications", "Your notifications about orders and accounts.", webtest.Callers{
		"ada": {ID: customerID, Roles: learner}, "new": {ID: "new", Roles: learner},
	})
	handlers.Routes(server.API, repositories.NewInbox(side))
	return server
}

func TestOpenAPI_isWhatIsCheckedIn(t *testing.T) {
	_, side := sidecartest.New()
	golden.Check(t, "api/openapi/notification.json", serve(side).Description(t))
}

func TestInbox_isListedInPages(t *testing.T) {
	_, side := sidecartest.New()
	on := replica(side, &post{})
	for _, status := range []string{"confirmed", "shipped", "delivered"} {
		e := event(t, "order."+status+".v1", order(status))
		must.Do(t, on[e.Type](t.Context(), e))
	}
	list := func(query string) web.Listing[domain.Entry] {
		return webtest.Read[web.Listing[domain.Entry]](serve(side).Do(t, webtest.Request{Path: inbox + query, Token: "ada"}), http.StatusOK)
	}
	first := list("?limit=2")
	rest := list("?cursor=" + first.Next)
	var kinds []domain.Kind
	for _, entry := range append(first.Items, rest.Items...) {
		kinds = append(kinds, entry.Kind)
	}
	want := []domain.Kind{domain.OrderDelivered, domain.OrderShipped, domain.OrderConfirmed}
	if !slices.Equal(kinds, want) || len(rest.Items) != 1 || rest.Next != "" {
		t.Errorf("got %v, want %v", kinds, want)
	}
}

func TestInbox_isForItsOwner(t *testing.T) {
	_, side := sidecartest.New()
	server := serve(side)
	server.Do(t, webtest.Request{Path: inbox}).Expect(http.StatusUnauthorized)
	server.Do(t, webtest.Request{Path: inbox + "?cursor=x", Token: "new"}).Expect(http.StatusUnprocessableEntity)
	empty := server.Do(t, webtest.Request{Path: inbox, Token: "new"}).Expect(http.StatusOK)
	if body := empty.Body.String(); body != `{"items":[]}`+"\n" {
		t.Errorf("an empty inbox is %s", body)
	}
}
