package handlers_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web/webtest"
)

func TestPlace_answersWithThePendingOrder(t *testing.T) {
	s := newShop(t)
	answer := s.place(t, "", `{"items":[{"productId":"APPLE","quantity":2},{"productId":"PEAR","quantity":1}]}`)
	order := orderOf(answer, http.StatusCreated)
	if order.Status != "pending" || order.Total.Amount != 600 || len(order.Items) != 2 || order.Items[1].Name != "Fruit" {
		t.Errorf("got %+v", order)
	}
	if got, want := answer.Header().Get("Location"), "/api/v1/orders/"+order.ID; got != want {
		t.Errorf("Location: got %s, want %s", got, want)
	}
	s.expectPublished(t, "order-placed order.placed.v1")
	if got := s.states.TTL(store, "order:"+order.ID); got != "2592000" {
		t.Errorf("a draft must expire, got a ttl of %q", got)
	}
	if again := s.placed(t, ""); again.ID == order.ID {
		t.Error("two requests without a key must be two orders")
	}
}

func TestPlace_readsEveryInteger(t *testing.T) {
	s := newShop(t)
	for _, quantity := range []string{"3", "3.0", "3e0", "0.3e1"} {
		body := strings.Replace(oneApple, `"quantity":1`, `"quantity":`+quantity, 1)
		if order := orderOf(s.place(t, "", body), http.StatusCreated); order.Items[0].Quantity != 3 {
			t.Errorf("%s: got %d", quantity, order.Items[0].Quantity)
		}
	}
}

func TestPlace_refusesBadOrders(t *testing.T) {
	one := func(product, quantity string) string {
		return fmt.Sprintf(`{"items":[{"productId":%q,"quantity":%s}]}`, product, quantity)
	}
	many := func(n int) string {
		return `{"items":[` + strings.TrimSuffix(strings.Repeat(`{"productId":"APPLE","quantity":1},`, n), ",") + `]}`
	}
	tests := map[string]struct {
		body   string
		status int
		kind   errs.Kind
		field  string
	}{
		"unknown product":      {one(unknown, "1"), 422, errs.Invalid, "items[0].productId"},
		"malformed product id": {one("../etc", "1"), 422, errs.Invalid, "items[0].productId"},
		"product is a number":  {`{"items":[{"productId":1,"quantity":1}]}`, 422, errs.Invalid, "items[0].productId"},
		"product is missing":   {`{"items":[{"quantity":1}]}`, 422, errs.Invalid, "items[0].productId"},
		"zero":                 {one("APPLE", "0"), 422, errs.Invalid, "items[0].quantity"},
		"negative":             {one("APPLE", "-1"), 422, errs.Invalid, "items[0].quantity"},
		"1001":                 {one("APPLE", "1001"), 422, errs.Invalid, "items[0].quantity"},
		"1e30":                 {one("APPLE", "1e30"), 422, errs.Invalid, "items[0].quantity"},
		"1e400":                {one("APPLE", "1e400"), 400, errs.Malformed, ""},
		"1.5":                  {one("APPLE", "1.5"), 422, errs.Invalid, "items[0].quantity"},
		"text":                 {one("APPLE", `"1"`), 422, errs.Invalid, "items[0].quantity"},
		"null":                 {one("APPLE", "null"), 422, errs.Invalid, "items[0].quantity"},
		"quantity is missing":  {`{"items":[{"productId":"APPLE"}]}`, 422, errs.Invalid, "items[0].quantity"},
		"second line":          {strings.Replace(many(2), "1}]", "0}]", 1), 422, errs.Invalid, "items[1].quantity"},
		"no lines":             {`{"items":[]}`, 422, errs.Invalid, "items"},
		"lines are null":       {`{"items":null}`, 422, errs.Invalid, "items"},
		"lines are missing":    {`{}`, 422, errs.Invalid, "items"},
		"lines are an object":  {`{"items":{}}`, 422, errs.Invalid, "items"},
		"101 lines":            {many(101), 422, errs.Invalid, "items"},
		"a product twice":      {many(2), 422, errs.Invalid, "items[1].productId"},
		"unknown field":        {strings.Replace(oneApple, `{"items"`, `{"price":1,"items"`, 1), 422, errs.Invalid, "price"},
		"unknown line field":   {strings.Replace(oneApple, `1}`, `1,"sku":""}`, 1), 422, errs.Invalid, "items[0].sku"},
		"a null":               {"null", 422, errs.Invalid, ""},
		"an array":             {"[1]", 422, errs.Invalid, ""},
		"a text":               {`"order"`, 422, errs.Invalid, ""},
		"two documents":        {oneApple + oneApple, 400, errs.Malformed, ""},
		"very deep":            {strings.Repeat("[", 15_000), 400, errs.Malformed, ""},
	}
	s := newShop(t)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { s.place(t, "", tt.body).ExpectProblem(tt.status, tt.kind, tt.field) })
	}
	s.expectStored(t, 0)
	s.expectPublished(t)
}

// It may read its orders, but neither place nor cancel one: the shop would mail the owner of the address about it.
func TestPlace_isRefusedUntilTheAddressIsVerified(t *testing.T) {
	s := newShop(t)
	place := placing("", oneApple)
	place.Token = "new"
	for _, r := range []webtest.Request{place, cancelling(ids.New(), "new", "")} {
		s.do(t, r).ExpectProblem(http.StatusForbidden, errs.Unverified, "")
	}
	s.do(t, webtest.Request{Token: "new"}).Expect(http.StatusOK)
	s.expectStored(t, 0)
}

func TestPlacement_placesOneOrderForAKey(t *testing.T) {
	s := newShop(t)
	first := s.place(t, "key", oneApple)
	order := orderOf(first, http.StatusCreated)
	must.Do(t, steps["reject"](t, s, order.ID))
	if again := s.place(t, "key", oneApple); again.Code != first.Code || again.Body.String() != first.Body.String() {
		t.Errorf("after it was rejected: got %d %s, want %s", again.Code, again.Body, first.Body)
	}
	s.place(t, "key", onePear).ExpectProblem(422, errs.KeyReused, "")
	s.place(t, "not one key", oneApple).ExpectProblem(422, errs.Invalid, "Idempotency-Key")
	s.expectPublished(t, "order-placed order.placed.v1", "order-updates order.rejected.v1")

	bobs := placing("key", oneApple)
	bobs.Token = "bob"
	if got := orderOf(s.do(t, bobs), http.StatusCreated); got.ID == order.ID {
		t.Error("two customers with the same key must get two orders")
	}
}

func TestPlacement_placesOneOrderForFiftyRequestsAtOnce(t *testing.T) {
	s := newShop(t)
	answers := webtest.Together(50, func(int) *webtest.Answer { return s.place(t, "key", oneApple) })
	for _, answer := range answers {
		if answer.Code != http.StatusCreated || answer.Body.String() != answers[0].Body.String() {
			t.Errorf("got %d %s, another got %s", answer.Code, answer.Body, answers[0].Body)
		}
	}
	s.expectStored(t, 1)
	s.expectPublished(t, "order-placed order.placed.v1")
}
