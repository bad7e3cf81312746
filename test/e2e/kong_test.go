package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"stoa/internal/stack/description"
	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/kong"
)

// The same shop through Kong's side of things: the routes of kong.yml, our plugin as the program that Kong starts, and
// the sidecar as Kong calls it. Kong itself is a stand-in; what is real is everything that it meets.
func TestKong_servesTheShop(t *testing.T) {
	t.Parallel()
	front := behindKong(t)
	staff, customer := front.SignIn(t, "staff"), front.SignUp(t)
	product := front.NewProduct(t, staff, 5)
	order := front.PlaceOrder(t, customer, product.ID, 2)
	front.AwaitOrder(t, customer, order.ID, "confirmed")

	front.Browser(t).Buy(t, front.SignUp(t), product, 1)

	front.Must(t, client.Request{Method: "GET", Path: "/notifications", As: customer}, http.StatusOK, nil)
	front.Must(t, client.Request{Method: "GET", Path: "/auth/verify/apikey"}, http.StatusOK, nil)
	for name, tt := range map[string]struct {
		path   string
		header map[string]string
		status int
	}{
		"no key":            {"/products", map[string]string{"x-api-key": ""}, http.StatusUnauthorized},
		"an invented key":   {"/products", map[string]string{"x-api-key": "made-up"}, http.StatusForbidden},
		"an app's own path": {"/../../internal/sessions/1", nil, http.StatusNotFound},
		"another's sidecar": {"/orders", map[string]string{"dapr-app-id": "auth", "dapr-api-token": "guess"}, http.StatusUnauthorized},
		"no route":          {"/nowhere", nil, http.StatusNotFound},
		"a path in code":    {"/products/%2e%2e/auth/users", nil, http.StatusNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			front.Must(t, client.Request{Method: "GET", Path: tt.path, Header: tt.header}, tt.status, nil)
		})
	}
}

// behindKong is the shared shop with Kong in the gateway's place.
func behindKong(t *testing.T) *client.Shop {
	t.Helper()
	sidecar := fmt.Sprintf("http://127.0.0.1:%d", shop.Process(t, "gateway.sidecar").Ports[description.PortHTTP])
	handler := must.Get(kong.Start(t, kong.Build(t), shop.Tokens(t).Dapr).Handler(sidecar))(t)
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return client.Connect(server.URL, shop.Bootstrap)
}
