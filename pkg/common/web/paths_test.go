package web_test

import (
	"net/http"
	"testing"

	"stoa/pkg/common/web"
)

func TestPlainPaths(t *testing.T) {
	handler := web.PlainPaths(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
	tests := map[string]int{
		"/":                          http.StatusOK,
		"/internal/sessions/1":       http.StatusOK,
		"/api/v1/tags/caf%C3%A9":     http.StatusOK,
		"/internal%2fsessions/1":     http.StatusNotFound,
		"/internal%2Fsessions/1":     http.StatusNotFound,
		"/internal/sessions/..%2f..": http.StatusNotFound,
		"/internal/sessions/%2e%2e":  http.StatusNotFound,
		"/internal/x/../sessions/1":  http.StatusNotFound,
		"/internal//sessions/1":      http.StatusNotFound,
		"/internal/sessions/1/":      http.StatusNotFound,
		"/internal/sessions%5c1":     http.StatusNotFound,
	}
	for path, want := range tests {
		if got := ask(handler, http.MethodGet, path, nil).Code; got != want {
			t.Errorf("%s: got %d, want %d", path, got, want)
		}
	}
}
