package main

import (
	"net/http"
	"strings"
	"testing"

	"stoa/pkg/common/errs"
)

func TestPages_needNoKey(t *testing.T) {
	gateway := start(t, unused(t))
	answer := do(t, http.MethodGet, gateway+"/", nil, "X-Api-Key", "")
	if answer.StatusCode != http.StatusOK || answer.Request.URL.Path != "/docs" || !strings.Contains(answer.body, "<h1>Stoa") ||
		!strings.Contains(answer.Header.Get("Content-Security-Policy"), "script-src 'self'") || answer.Header.Get("X-Frame-Options") != "DENY" {
		t.Errorf("got %d of %s, %v", answer.StatusCode, answer.Request.URL, answer.Header)
	}
	do(t, http.MethodPost, gateway+"/docs", nil).wantProblem(errs.MethodNotAllowed)
}
