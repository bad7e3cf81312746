package web

import (
	"net/http"
	"path"
	"strings"

	"stoa/pkg/common/errs"
)

// PlainPaths refuses paths that mean one thing to the sidecar and another to the router: the operation that the access policy
// of the sidecar allowed must be the one that runs. A sidecar decodes a path once and cleans it. A path that was encoded
// twice is still encoded here, and the router would decode it.
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
