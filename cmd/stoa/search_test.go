package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"stoa/internal/stack/secrets"
	"stoa/pkg/common/must"
)

// The command asks once, shows each step once, waits while the service restarts, and ends with the rebuild.
func TestRebuilder_watchesUntilItIsDone(t *testing.T) {
	answers := []string{
		`{"state":"waiting","indexed":0,"total":0}`, `{"state":"running","indexed":5,"total":9}`, `{"state":"running","indexed":5,"total":9}`,
		"", `{"state":"waiting","indexed":0,"total":0}`, `{"state":"done","indexed":9,"total":9}`,
	}
	asked := 0
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v1/auth/signin/basic", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"accessToken":"t"}`) })
	mux.HandleFunc("POST /api/v1/blog/search/rebuild", func(w http.ResponseWriter, _ *http.Request) {
		asked++
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprint(w, answers[0])
	})
	mux.HandleFunc("GET /api/v1/blog/search/rebuild", func(w http.ResponseWriter, _ *http.Request) {
		if answers = answers[1:]; answers[0] == "" {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprint(w, `{"kind":"unavailable","detail":"blog does not answer"}`)
			return
		}
		fmt.Fprint(w, answers[0])
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	c := credentials{Gateway: server.URL, Accounts: map[string]secrets.Account{"admin": {}}}
	var out strings.Builder
	must.Do(t, (&rebuilder{visitor: visitor{credentials: c}, out: &out, path: indexes["blog"] + "/search/rebuild"}).run(t.Context()))
	const want = "waiting\nrunning: 5 of about 9 documents\nwaiting\nThe index has 9 documents.\n"
	if out.String() != want || asked != 1 {
		t.Errorf("asked %d times, got %q", asked, out.String())
	}
}
