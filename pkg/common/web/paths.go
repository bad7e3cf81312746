package web

import (
	"net/http"
	"path"
	"strings"

	"stoa/pkg/common/errs"
)

// PlainPaths refuses paths that mean one thing to the sidecar and another to the router: what a sidecar's access policy
// has let through must be what runs here. A sidecar decodes a path once and cleans it; what was encoded twice arrives here
// encoded still, and the router would decode it.
func PlainPaths(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path.Clean(r.URL.Path) != r.URL.Path || encodesSeparator(r.URL.EscapedPath()) {
			WriteError(w, r, errs.New(errs.NotFound, "there is nothing at this path"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

func encodesSeparator(escaped string) bool {
	lower := strings.ToLower(escaped)
	return strings.Contains(lower, "%2f") || strings.Contains(lower, "%5c")
}
