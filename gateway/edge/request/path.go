// Package request decides, for the built-in gateway and for Kong, which paths are accepted, which headers go on, and from
// which address a request came, so that nothing that a client sends harms what comes after the gateway.
package request

import (
	"net/url"
	"path"
	"strings"
	"unicode/utf8"

	"stoa/pkg/common/errs"
)

// CheckURL refuses URLs that the two sidecars on the way could read in another way than we do: they decode a path, clean
// it, and write it into the next URL without encoding it again. The error is errs.NotFound for a path that is not in its
// plain form, and errs.Malformed for characters that are not allowed.
func CheckURL(u *url.URL) error {
	encodedSlash := strings.Contains(strings.ToLower(u.EscapedPath()), "%2f")
	switch {
	case path.Clean(u.Path) != u.Path || encodedSlash:
		return errs.New(errs.NotFound, "there is nothing at this path")
	case !utf8.ValidString(u.Path) || strings.ContainsFunc(u.Path, ambiguous):
		return errs.New(errs.Malformed, "the path has characters that are not allowed")
	}
	if !utf8.ValidString(u.RawQuery) { // no sidecar can pass it on
		return errs.New(errs.Malformed, "the query is not valid UTF-8")
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
