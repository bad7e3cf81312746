package handlers_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web"
	"stoa/pkg/common/web/webtest"
	"stoa/services/order/internal/handlers"
)

// directory is auth: the accounts of the callers.
type directory webtest.Callers

// AccountOf implements domain.Directory.
func (d directory) AccountOf(_ context.Context, email string) (string, error) {
	for _, caller := range d {
		if caller.Email == email {
			return caller.ID, nil
		}
	}
	return "", errs.New(errs.NotFound, "there is no such account")
}

// Staff find the orders of a customer by address, as the customer writes to the shop, and by account. Nobody else does.
func TestListOfCustomer_isForStaff(t *testing.T) {
	s := newShop(t)
	order := s.placed(t, "")
	must.Do(t, s.reserve(t, order.ID, apple))
	alice := newCallers()["alice"]
	ask := func(token, query string) *webtest.Answer {
		return s.do(t, webtest.Request{Path: "/of-customer" + query, Token: token})
	}
	for _, query := range []string{"?email=" + url.QueryEscape(alice.Email), "?account=" + alice.ID} {
		found := webtest.Read[web.Listing[handlers.Order]](ask("staff", query), http.StatusOK)
		if len(found.Items) != 1 || found.Items[0].ID != order.ID || found.Items[0].CustomerID != alice.ID {
			t.Errorf("%s: got %+v", query, found)
		}
		ask("alice", query).ExpectProblem(http.StatusForbidden, errs.Forbidden, "")
	}
	bobs := webtest.Read[web.Listing[handlers.Order]](ask("staff", "?email=bob@example.com"), http.StatusOK)
	if len(bobs.Items) != 0 {
		t.Errorf("bob has %+v", bobs)
	}
	ask("staff", "?email=nobody@example.com").ExpectProblem(http.StatusNotFound, errs.NotFound, "")
	ask("staff", "").ExpectProblem(http.StatusUnprocessableEntity, errs.Invalid, "email")
	ask("staff", "?email=bob@example.com&account="+alice.ID).ExpectProblem(http.StatusUnprocessableEntity, errs.Invalid, "email")
	ask("staff", "?email=x").ExpectProblem(http.StatusUnprocessableEntity, errs.Invalid, "email")
}
