package web

import (
	"net/http"
	"path"
	"regexp"

	"stoa/pkg/common/errs"
)

// encodedSeparator is an encoded slash or backslash.
var encodedSeparator = regexp.MustCompile(`(?i)%2f|%5c`)

// PlainPaths refuses paths that the sidecar and the router read differently: otherwise the access policy of the sidecar could
// allow one operation, and another would run. A sidecar decodes and cleans a path once. A path that was encoded twice arrives
// encoded once, and the router would decode it.
func PlainPaths(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path.Clean(r.URL.Path) != r.URL.Path || encodedSeparator.MatchString(r.URL.EscapedPath()) {
			WriteError(w, r, errs.New(errs.NotFound, "there is nothing at this path"))
			return
		}
		next.ServeHTTP(w, r)
	})
}
