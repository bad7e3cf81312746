// Package ids makes identifiers: random ones that sort by time, and derived ones that a retry meets again.
package ids

import (
	"strings"
	"time"

	"github.com/google/uuid"
)

// namespace keeps our derived ids apart from everybody else's; any fixed UUID serves.
var namespace = uuid.MustParse("6f1c1a52-5d0f-4d43-9d0c-2b1f0f5f7a11")

// New returns a random id that sorts by the time it was made (UUID version 7, RFC 9562).
func New() string { return uuid.Must(uuid.NewV7()).String() }

// Derive returns the id that follows from these parts: the same parts, the same id (UUID version 5). The parts are
// kept apart, so Derive("a", "bc") and Derive("ab", "c") differ.
func Derive(parts ...string) string {
	return uuid.NewSHA1(namespace, []byte(strings.Join(parts, "\x1f"))).String()
}

// Made returns when New made an id; long ago for what is none of its ids.
func Made(id string) time.Time {
	parsed, err := uuid.Parse(id)
	if err != nil || parsed.Version() != 7 {
		return time.Time{}
	}
	return time.Unix(parsed.Time().UnixTime())
}

// Valid reports whether s is a UUID in its canonical text form.
func Valid(s string) bool {
	id, err := uuid.Parse(s)
	return err == nil && id.String() == s
}
