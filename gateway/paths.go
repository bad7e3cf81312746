package main

import (
	"net/http"
	"net/url"
	"path"
	"strings"
	"unicode/utf8"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/web"
)

// plainPaths refuses paths that the two sidecars on the way could read in another way than we do: they decode a path,
// clean it, and write it into the next URL without encoding it again.
func plainPaths(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := checkURL(r.URL); err != nil {
			web.WriteError(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func checkURL(u *url.URL) error {
	encodedSlash := strings.Contains(strings.ToLower(u.EscapedPath()), "%2f")
	switch {
	case path.Clean(u.Path) != u.Path || encodedSlash:
		return errs.New(errs.NotFound, "there is nothing at this path")
	case !utf8.ValidString(u.Path) || strings.ContainsFunc(u.Path, ambiguous):
		return errs.New(errs.Malformed, "the path has characters that no path here has")
	}
	if _, err := url.ParseQuery(u.RawQuery); err != nil {
		return errs.Wrap(errs.Malformed, err, "the query cannot be read")
	}
	return nil
}

// ambiguous reports characters that mean something else once they stand in a URL undecoded.
func ambiguous(c rune) bool {
	return c < ' ' || c == 0x7f || strings.ContainsRune(`%?#;\`, c)
}
