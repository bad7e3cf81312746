// Package ids makes identifiers: random ones that sort by time, and derived ones, which are the same again after a retry.
package ids

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/google/uuid"
)

// namespace keeps our derived ids apart from those of others. Any fixed UUID would do.
var namespace = uuid.MustParse("6f1c1a52-5d0f-4d43-9d0c-2b1f0f5f7a11")

// New returns a random id that sorts by the time it was made (UUID version 7, RFC 9562).
func New() string { return uuid.Must(uuid.NewV7()).String() }

// Derive returns the id that follows from these parts: the same parts give the same id (UUID version 5). The parts are
// kept apart: Derive("a", "bc") and Derive("ab", "c") differ.
func Derive(parts ...string) string {
	return uuid.NewSHA1(namespace, []byte(strings.Join(parts, "\x1f"))).String()
}

// ForRequest returns the id of what a request creates. With an Idempotency-Key it follows from kind, caller and key, so that
// a repeated request finds what the first one created; without a key ("") it is random. Each operation has its own kind.
func ForRequest(kind, callerID, key string) string {
	if key == "" {
		return New()
	}
	return Derive(kind, callerID, key)
}

// Fingerprint returns the same text for requests with the same JSON. It shows whether an Idempotency-Key was used again for
// another request.
func Fingerprint(request any) string {
	raw, _ := json.Marshal(request) // what was read from JSON can be written as JSON
	return Derive("request", string(raw))
}

// Made returns the time at which New made this id; the zero time for any other text.
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
