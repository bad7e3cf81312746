package web

import (
	"net/http"
	"path"
	"strings"

	"stoa/pkg/common/errs"
)

// PlainPaths refuses paths that the sidecar and the router read differently: otherwise the access policy of the sidecar could
// allow one operation, and another would run. A sidecar decodes and cleans a path once. A path that was encoded twice arrives
// encoded once, and the router would decode it.
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
