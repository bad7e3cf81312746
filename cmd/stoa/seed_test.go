package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"stoa/internal/stack/secrets"
	"stoa/pkg/common/must"
)

// seedShop is a shop from which the products with these keys were removed, and where orders end in this status; added counts
// the new products.
func seedShop(t *testing.T, removed map[string]bool, outcome string) (s *seeder, added *int) {
	t.Helper()
	added = new(int)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/products", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"items":[]}`) })
	mux.HandleFunc("POST /api/v1/auth/signin/basic", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"accessToken":"t"}`) })
	mux.HandleFunc("POST /api/v1/products", func(w http.ResponseWriter, r *http.Request) {
		if removed[r.Header.Get("Idempotency-Key")] {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusConflict)
			fmt.Fprint(w, `{"kind":"conflict","detail":"the product of this request was removed"}`)
			return
		}
		*added++
		var product struct{ SKU string }
		_ = json.NewDecoder(r.Body).Decode(&product)
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"id":"product-%d","sku":%q}`, *added, product.SKU)
	})
	mux.HandleFunc("PUT /api/v1/products/{id}/picture", func(w http.ResponseWriter, r *http.Request) {
		var sent struct{ Image []byte }
		if json.NewDecoder(r.Body).Decode(&sent) != nil || !strings.HasPrefix(string(sent.Image), "<svg ") {
			w.WriteHeader(http.StatusUnprocessableEntity)
		}
	})
	reads := 0
	mux.HandleFunc("POST /api/v1/orders", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"id":"7","status":"pending"}`) })
	mux.HandleFunc("GET /api/v1/orders/7", func(w http.ResponseWriter, _ *http.Request) {
		if reads++; reads < 3 {
			fmt.Fprint(w, `{"id":"7","status":"pending"}`)
			return
		}
		fmt.Fprintf(w, `{"id":"7","status":%q}`, outcome)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	c := credentials{Gateway: server.URL, Accounts: map[string]secrets.Account{"staff": {}}}
	return &seeder{visitor: visitor{credentials: c}}, added
}

// `make up` has to work in a shop without the demo products, and must not add them again.
func TestSeeder_addsNoRemovedProducts(t *testing.T) {
	var products []json.RawMessage
	must.Do(t, json.Unmarshal(catalogue, &products))
	everything := map[string]bool{}
	for i := range products {
		everything[fmt.Sprintf("seed-%d", i)] = true
	}
	for name, tt := range map[string]struct {
		removed map[string]bool
		want    int
	}{
		"nothing":    {nil, len(products)},
		"one":        {map[string]bool{"seed-0": true}, len(products) - 1},
		"everything": {everything, 0},
	} {
		s, added := seedShop(t, tt.removed, "confirmed")
		got, err := s.run(t.Context())
		if err != nil || got != tt.want || *added != tt.want {
			t.Errorf("%s removed: added %d, said %d, %v, want %d", name, *added, got, err, tt.want)
		}
	}
}

// The time that `make up` prints is that of an order that is confirmed, not only accepted.
func TestSeeder_waitsForItsOrder(t *testing.T) {
	for outcome, fails := range map[string]bool{"confirmed": false, "rejected": true} {
		s, added := seedShop(t, nil, outcome)
		_ = must.Get(s.run(t.Context()))(t)
		if s.product != fmt.Sprintf("product-%d", *added) {
			t.Errorf("it would order %q", s.product)
		}
		if err := s.order(t.Context()); (err != nil) != fails {
			t.Errorf("an order that is %s: %v", outcome, err)
		}
	}
}
