package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"stoa/internal/stack/secrets"
)

// trialShop notes what is asked of it. Its orders end in this status.
func trialShop(t *testing.T, outcome string, cancelled int) (*seeder, *[]string) {
	t.Helper()
	var asked []string
	reserved := true // what an event ends after the first look
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.Path)
		switch r.Method + " " + r.URL.Path {
		case "POST /api/v1/auth/signin/basic":
			fmt.Fprint(w, `{"accessToken":"t"}`)
		case "POST /api/v1/products":
			fmt.Fprint(w, `{"id":"p"}`)
		case "POST /api/v1/orders", "GET /api/v1/orders/7":
			fmt.Fprintf(w, `{"id":"7","status":%q}`, outcome)
		case "POST /api/v1/orders/7/cancel":
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(cancelled)
			fmt.Fprint(w, `{"kind":"conflict","detail":"it is shipped"}`)
		case "DELETE /api/v1/products/p":
			if reserved {
				reserved = false
				w.Header().Set("Content-Type", "application/problem+json")
				w.WriteHeader(http.StatusConflict)
				fmt.Fprint(w, `{"kind":"conflict","detail":"1 pieces are reserved"}`)
				return
			}
			w.WriteHeader(http.StatusNoContent)
		default:
			w.WriteHeader(http.StatusNoContent)
		}
	}))
	t.Cleanup(server.Close)
	c := credentials{Gateway: server.URL, Accounts: map[string]secrets.Account{"staff": {}}}
	return &seeder{visitor: visitor{credentials: c}}, &asked
}

// A trial leaves nothing behind, however it ends.
func TestSeeder_trialTidiesUp(t *testing.T) {
	for name, test := range map[string]struct {
		outcome   string
		cancelled int
		fails     bool
	}{
		"confirmed":       {"confirmed", http.StatusOK, false},
		"shipped already": {"confirmed", http.StatusConflict, false},
		"rejected":        {"rejected", http.StatusConflict, true},
	} {
		s, asked := trialShop(t, test.outcome, test.cancelled)
		if err := s.trial(t.Context()); (err != nil) != test.fails {
			t.Errorf("%s: %v", name, err)
		}
		for _, last := range []string{"POST /api/v1/orders/7/cancel", "DELETE /api/v1/products/p"} {
			if !slices.Contains(*asked, last) {
				t.Errorf("%s: no %s among %v", name, last, *asked)
			}
		}
	}
}
