package api

import (
	"io"
	"net/http"
	"testing"

	"stoa/pkg/common/must"
)

func TestOrders_areAskedForByTheirPaths(t *testing.T) {
	var got *http.Request
	var body []byte
	client := New(transport(func(w http.ResponseWriter, r *http.Request) {
		got = r
		body = must.Get(io.ReadAll(r.Body))(t)
		_, _ = io.WriteString(w, `{"id":"1","status":"pending","items":[{"quantity":3,"unitPrice":{"amount":5,"currency":"EUR"}},{"quantity":1}]}`)
	}))
	order := must.Get(client.PlaceOrder(t.Context(), "key", []Wanted{{"p", 3, Money{5, "EUR"}}}))(t)
	if order.Pieces() != 4 || order.Items[0].Sum() != (Money{15, "EUR"}) {
		t.Errorf("got %+v", order)
	}
	const want = `{"items":[{"productId":"p","quantity":3,"unitPrice":{"amount":5,"currency":"EUR"}}]}`
	if got.Method != http.MethodPost || got.URL.Path != "/api/v1/orders" || got.Header.Get("Idempotency-Key") != "key" || string(body) != want {
		t.Errorf("got %s %s %v %s", got.Method, got.URL, got.Header, body)
	}
	must.Get(client.CancelOrder(t.Context(), "a/b"))(t)
	if got.Method != http.MethodPost || got.URL.EscapedPath() != "/api/v1/orders/a%2Fb/cancel" {
		t.Errorf("got %s %s", got.Method, got.URL)
	}
	must.Get(client.MyOrders(t.Context(), "c"))(t)
	if got.Method != http.MethodGet || got.URL.RequestURI() != "/api/v1/orders?cursor=c" {
		t.Errorf("got %s %s", got.Method, got.URL)
	}
}

func TestOrder_saysWhatCanStillHappen(t *testing.T) {
	for status, want := range map[string]struct {
		step               int
		final, cancellable bool
	}{
		"pending": {1, false, true}, "confirmed": {2, false, true}, "shipped": {3, false, false},
		"delivered": {4, true, false}, "rejected": {0, true, false}, "cancelled": {0, true, false},
	} {
		o := Order{Status: status}
		if o.Step() != want.step || o.Final() != want.final || o.Cancellable() != want.cancellable {
			t.Errorf("%s: got %d, %v, %v", status, o.Step(), o.Final(), o.Cancellable())
		}
	}
}
