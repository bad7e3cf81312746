package web

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// ETag returns the entity tag of an answer's bytes, which is strong: two answers that have the same are the same.
func ETag(body []byte) string {
	sum := sha256.Sum256(body)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
}

// HasCurrent reports whether the caller who sent this If-None-Match has what the entity tag stands for, so that 304 is
// enough. Tags are compared weakly, as for every If-None-Match (RFC 9110, section 13.1.2). A list that cannot be read is
// taken as far as it can.
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

// nextTag cuts the first entity tag off a list, without the mark of a weak one. A tag may hold a comma, so quotes count.
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
