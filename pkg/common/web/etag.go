package web

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// ETag returns the strong entity tag of a body: bodies with the same tag are equal.
func ETag(body []byte) string {
	sum := sha256.Sum256(body)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
}

// HasCurrent reports whether an If-None-Match header names this entity tag, so that 304 is enough. It compares tags weakly
// (RFC 9110, section 13.1.2), and reads a malformed list as far as it can.
func HasCurrent(ifNoneMatch, etag string) bool {
	if etag == "" {
		return false
	}
	if strings.TrimSpace(ifNoneMatch) == "*" {
		return true
	}
	for rest := ifNoneMatch; ; {
		tag, after, ok := nextTag(rest)
		if !ok {
			return false
		}
		if tag == strings.TrimPrefix(etag, "W/") {
			return true
		}
		rest = after
	}
}

// nextTag returns the first entity tag of a list, without W/, and the rest. A tag may contain a comma, so it ends at its
// closing quote.
func nextTag(list string) (tag, rest string, ok bool) {
	list = strings.TrimPrefix(strings.TrimLeft(list, " \t,"), "W/")
	if !strings.HasPrefix(list, `"`) {
		return "", "", false
	}
	end := strings.IndexByte(list[1:], '"')
	if end < 0 {
		return "", "", false
	}
	return list[:end+2], list[end+2:], true
}
