package handlers_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"stoa/internal/golden"
	"stoa/internal/openapitest"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web"
	"stoa/pkg/common/web/webtest"
	"stoa/services/notification/internal/domain"
)

const inbox = "/api/v1/notifications"

func TestOpenAPI_isWhatIsCheckedIn(t *testing.T) {
	golden.Check(t, "api/openapi/notification.json", newOffice(t).process().Description(t))
}

func TestAPI_isWhatItsDescriptionSays(t *testing.T) {
	must.HaveTime(t)
	o := newOffice(t)
	_, code, _ := strings.Cut(o.links.Make(domain.Ending{AccountID: customerID, Group: domain.Comments}, time.Now()), "code=")
	client := openapitest.Client{SignIn: openapitest.As("ada"), Knows: map[string][]string{"code": {code}}}
	openapitest.Attack(t, o.process().Server, client, 100)
}

func TestInbox_isListedInPages(t *testing.T) {
	p := newOffice(t).process()
	for _, status := range []string{"confirmed", "shipped", "delivered"} {
		p.handle(t, orderIs(t, status))
	}
	list := func(query string) web.Listing[domain.Entry] {
		return webtest.Read[web.Listing[domain.Entry]](p.Do(t, webtest.Request{Path: inbox + query, Token: "ada"}), http.StatusOK)
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
	server := newOffice(t).process()
	server.Do(t, webtest.Request{Path: inbox}).Expect(http.StatusUnauthorized)
	server.Do(t, webtest.Request{Path: inbox + "?cursor=x", Token: "new"}).Expect(http.StatusUnprocessableEntity)
	empty := server.Do(t, webtest.Request{Path: inbox, Token: "new"}).Expect(http.StatusOK)
	if body := empty.Body.String(); body != `{"items":[]}`+"\n" {
		t.Errorf("an empty inbox is %s", body)
	}
}
