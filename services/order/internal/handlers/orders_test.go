package handlers_test

import (
	"net/http"
	"strings"
	"testing"

	"stoa/internal/golden"
	"stoa/internal/openapitest"
	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web"
	"stoa/pkg/common/web/webtest"
	"stoa/services/order/internal/handlers"
)

func TestGet_showsCustomersTheirOrdersAndStaffAll(t *testing.T) {
	s := newShop(t)
	order := s.placed(t, "")
	for _, token := range []string{"alice", "staff"} {
		if got := orderOf(s.do(t, webtest.Request{Path: "/" + order.ID, Token: token}), http.StatusOK); got.ID != order.ID {
			t.Errorf("%s got %+v", token, got)
		}
	}
	others := s.do(t, webtest.Request{Path: "/" + order.ID, Token: "bob"})
	others.ExpectProblem(404, errs.NotFound, "")
	none := s.do(t, webtest.Request{Path: "/" + ids.New(), Token: "bob"})
	if none.Code != others.Code || none.Body.String() != others.Body.String() {
		t.Errorf("nobody's order is %s, another's order is %s", none.Body, others.Body)
	}
	for _, id := range []string{"x", "a||b", "%00", strings.ToUpper(order.ID)} {
		s.do(t, webtest.Request{Path: "/" + id}).ExpectProblem(422, errs.Invalid, "id")
	}
}

func TestList_pagesThroughTheCallersOrdersNewestFirst(t *testing.T) {
	s := newShop(t)
	var ids [3]string
	for i := range ids {
		ids[i] = s.placed(t, "").ID
		must.Do(t, s.reserve(t, ids[i], apple))
	}
	first := s.list(t, "?limit=2")
	rest := s.list(t, "?limit=2&cursor="+first.Next)
	if len(first.Items) != 2 || first.Items[0].ID != ids[2] || first.Items[1].ID != ids[1] {
		t.Errorf("the first page is %+v, want the newest of %v", first, ids)
	}
	if len(rest.Items) != 1 || rest.Items[0].ID != ids[0] || rest.Next != "" {
		t.Errorf("the last page is %+v, want the oldest of %v", rest, ids)
	}
	if body := s.do(t, webtest.Request{Token: "bob"}).Body.String(); body != "{\"items\":[]}\n" {
		t.Errorf("bob got %s", body)
	}
	s.do(t, webtest.Request{Path: "?cursor=x"}).ExpectProblem(422, errs.Invalid, "cursor")
}

// list returns a page of alice's orders.
func (s *shop) list(t *testing.T, query string) web.Listing[handlers.Order] {
	t.Helper()
	return webtest.Read[web.Listing[handlers.Order]](s.do(t, webtest.Request{Path: query}), http.StatusOK)
}

func TestOpenAPI_isUpToDate(t *testing.T) {
	golden.Check(t, "api/openapi/order.json", newShop(t).Description(t))
}

func TestAPI_isWhatItsDescriptionSays(t *testing.T) {
	must.HaveTime(t)
	s := newShopThatWaits(t, 0)
	s.limit.Store(100_000)
	openapitest.Attack(t, s.Server, openapitest.Client{
		SignIn: openapitest.As("staff"), Knows: map[string][]string{"productId": {apple, pear}},
	}, 100)
}
