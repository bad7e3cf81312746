package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"stoa/internal/stack/description"
	"stoa/internal/stack/secrets"
	"stoa/internal/stack/state"
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
	raw, err := os.ReadFile(filepath.Join(shop.Dir(), state.Folder, "tokens.json"))
	if err != nil {
		t.Fatal(err)
	}
	var tokens secrets.Tokens
	if err := json.Unmarshal(raw, &tokens); err != nil {
		t.Fatal(err)
	}
	handler, err := kong.Start(t, kong.Build(t), tokens.Dapr).Handler(gatewaySidecar(t))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return client.Connect(server.URL, shop.Bootstrap)
}

// gatewaySidecar is the URL of the gateway's sidecar.
func gatewaySidecar(t *testing.T) string {
	t.Helper()
	for _, p := range shop.Processes() {
		if p.Name == "gateway.sidecar" {
			return fmt.Sprintf("http://127.0.0.1:%d", p.Ports[description.PortHTTP])
		}
	}
	t.Fatal("the gateway has no sidecar")
	return ""
}
