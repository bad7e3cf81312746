package web

import (
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"slices"
	"strings"
)

// ETag returns the strong entity tag of a body: bodies with the same tag are equal.
func ETag(body []byte) string {
	sum := sha256.Sum256(body)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
}

// entityTag is an entity tag without W/. It may contain a comma, but no quote.
var entityTag = regexp.MustCompile(`"[^"]*"`)

// HasCurrent reports whether an If-None-Match header names this entity tag, so that 304 is enough. It compares tags weakly
// (RFC 9110, section 13.1.2), and reads a malformed list as far as it can.
func HasCurrent(ifNoneMatch, etag string) bool {
	if etag == "" {
		return false
	}
	return strings.TrimSpace(ifNoneMatch) == "*" ||
		slices.Contains(entityTag.FindAllString(ifNoneMatch, -1), strings.TrimPrefix(etag, "W/"))
}
