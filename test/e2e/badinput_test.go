package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"stoa/test/client"
)

// Whatever is sent, the answer is a problem that names what is at fault, and nothing is written.
func TestBadOrders(t *testing.T) {
	t.Parallel()
	customer := shop.SignUp(t)
	product := shop.NewProduct(t, shop.SignIn(t, "staff"), 100)
	unknown := "0198c6a0-0000-7000-8000-000000000001"
	item := func(id, quantity string) string {
		return fmt.Sprintf(`{"items":[{"productId":%q,"quantity":%s}]}`, id, quantity)
	}
	many := func(n int) string {
		lines := strings.Repeat(fmt.Sprintf(`{"productId":%q,"quantity":1},`, product.ID), n)
		return `{"items":[` + strings.TrimSuffix(lines, ",") + `]}`
	}
	tests := map[string]struct {
		body   any
		status int
		kind   string
		field  string
	}{
		"unknown product":      {item(unknown, "1"), 422, "invalid", "items[0].productId"},
		"product id is no id":  {item("../../etc", "1"), 422, "invalid", "items[0].productId"},
		"quantity zero":        {item(product.ID, "0"), 422, "invalid", "items[0].quantity"},
		"quantity negative":    {item(product.ID, "-1"), 422, "invalid", "items[0].quantity"},
		"quantity huge":        {item(product.ID, "1000000000000"), 422, "invalid", "items[0].quantity"},
		"quantity beyond ints": {item(product.ID, "1e400"), 400, "malformed", ""},
		"quantity 1e30":        {item(product.ID, "1e30"), 422, "invalid", "items[0].quantity"},
		"quantity fractional":  {item(product.ID, "1.5"), 422, "invalid", "items[0].quantity"},
		"quantity is text":     {item(product.ID, `"1"`), 422, "invalid", "items[0].quantity"},
		"quantity is null":     {item(product.ID, `null`), 422, "invalid", "items[0].quantity"},
		"quantity is missing":  {fmt.Sprintf(`{"items":[{"productId":%q}]}`, product.ID), 422, "invalid", "items[0].quantity"},
		"no items":             {`{"items":[]}`, 422, "invalid", "items"},
		"items is null":        {`{"items":null}`, 422, "invalid", "items"},
		"items is missing":     {`{}`, 422, "invalid", "items"},
		"101 lines":            {many(101), 422, "invalid", "items"},
		"a product twice":      {many(2), 422, "invalid", "items[1].productId"},
		"unknown field":        {strings.Replace(item(product.ID, "1"), `{"items"`, `{"price":1,"items"`, 1), 422, "invalid", "price"},
		"unknown line field":   {strings.Replace(item(product.ID, "1"), `"quantity"`, `"unitPrice":1,"quantity"`, 1), 422, "invalid", "items[0].unitPrice"},
		"no body":              {nil, 400, "malformed", ""},
		"an array":             {`[1]`, 422, "invalid", ""},
		"text":                 {`"order"`, 422, "invalid", ""},
		"broken JSON":          {`{"items":[`, 400, "malformed", ""},
		"two documents":        {item(product.ID, "1") + item(product.ID, "1"), 400, "malformed", ""},
		"bad UTF-8":            {[]byte("{\"items\":[{\"productId\":\"\xff\xfe\",\"quantity\":1}]}"), 400, "malformed", ""},
		"10 MB":                {bytes.Repeat([]byte(" "), 10<<20), 413, "too_large", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			answer, err := shop.Do(t.Context(), client.Request{Method: "POST", Path: "/orders", As: customer, Body: tt.body})
			if err != nil {
				t.Fatal(err)
			}
			expectProblem(t, answer, tt.status, tt.kind)
			if tt.field != "" && answer.Field() != tt.field {
				t.Errorf("got the field %q, want %q in %s", answer.Field(), tt.field, answer)
			}
		})
	}
	if p := shop.Product(t, product.ID); p.Available != 100 {
		t.Errorf("something was reserved: %+v", p)
	}
	var orders struct{ Items []client.Order }
	shop.Must(t, client.Request{Method: "GET", Path: "/orders", As: customer}, http.StatusOK, &orders)
	if len(orders.Items) != 0 {
		t.Errorf("something was written: %+v", orders.Items)
	}
}

func expectProblem(t *testing.T, answer client.Answer, status int, kind string) {
	t.Helper()
	if answer.Status != status || answer.Problem().Kind != kind {
		t.Errorf("got %s, want %d %s", answer, status, kind)
	}
	if media := answer.Header.Get("Content-Type"); media != "application/problem+json" {
		t.Errorf("the media type is %q", media)
	}
	if strings.Contains(string(answer.Body), "goroutine") {
		t.Errorf("a stack trace got out: %s", answer)
	}
}

func TestBadRequests(t *testing.T) {
	t.Parallel()
	alice, bob := shop.SignUp(t), shop.SignUp(t)
	product := shop.NewProduct(t, shop.SignIn(t, "staff"), 10)
	order := shop.PlaceOrder(t, alice, product.ID, 1)
	forged := alice
	forged.Token = alice.Token[:len(alice.Token)-6] + "AAAAAA"
	expired := client.User{Token: "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0."}
	body := client.OrderOf(product.ID, 1)
	tests := map[string]struct {
		request client.Request
		status  int
		kind    string
	}{
		"no token":              {client.Request{Method: "POST", Path: "/orders", Body: body}, 401, "unauthenticated"},
		"forged token":          {client.Request{Method: "POST", Path: "/orders", As: forged, Body: body}, 401, "unauthenticated"},
		"unsigned token":        {client.Request{Method: "POST", Path: "/orders", As: expired, Body: body}, 401, "unauthenticated"},
		"another's order":       {client.Request{Method: "GET", Path: "/orders/" + order.ID, As: bob}, 404, "not_found"},
		"cancel another's":      {client.Request{Method: "POST", Path: "/orders/" + order.ID + "/cancel", As: bob}, 404, "not_found"},
		"watch another's":       {client.Request{Method: "GET", Path: "/orders/" + order.ID + "/events", As: bob}, 404, "not_found"},
		"no such order":         {client.Request{Method: "GET", Path: "/orders/0198c6a0-0000-7000-8000-000000000001", As: bob}, 404, "not_found"},
		"no such path":          {client.Request{Method: "GET", Path: "/secrets", As: bob}, 404, "not_found"},
		"wrong method":          {client.Request{Method: "DELETE", Path: "/orders/" + order.ID, As: alice}, 405, "method_not_allowed"},
		"customer as staff":     {client.Request{Method: "GET", Path: "/backoffice/fulfilments", As: alice}, 403, "forbidden"},
		"customer adds stock":   {client.Request{Method: "POST", Path: "/products/" + product.ID + "/stock", As: alice, Body: map[string]int{"change": 1}}, 403, "forbidden"},
		"bad cursor":            {client.Request{Method: "GET", Path: "/orders?cursor=x", As: alice}, 422, "invalid"},
		"limit too high":        {client.Request{Method: "GET", Path: "/products?limit=101"}, 422, "invalid"},
		"key too long":          {client.Request{Method: "POST", Path: "/orders", As: alice, Body: body, Key: strings.Repeat("k", 201)}, 422, "invalid"},
		"unknown API key":       {client.Request{Method: "GET", Path: "/products", Header: map[string]string{"x-api-key": "nobody's"}}, 403, "forbidden"},
		"no media type we read": {client.Request{Method: "POST", Path: "/orders", As: alice, Body: "<order/>", Header: map[string]string{"Content-Type": "application/xml"}}, 415, "unsupported_media_type"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			answer, err := shop.Do(t.Context(), tt.request)
			if err != nil {
				t.Fatal(err)
			}
			expectProblem(t, answer, tt.status, tt.kind)
		})
	}
	a := shop.Must(t, client.Request{Method: "GET", Path: "/orders/" + order.ID, As: bob}, 404, nil)
	b := shop.Must(t, client.Request{Method: "GET", Path: "/orders/0198c6a0-0000-7000-8000-000000000001", As: bob}, 404, nil)
	if a.Problem().Detail != b.Problem().Detail {
		t.Errorf("another's order is told from none: %s, %s", a, b)
	}
}
