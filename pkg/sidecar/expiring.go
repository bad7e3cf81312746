package sidecar

import (
	"math"
	"strconv"
	"time"
)

// Forever is the time to live of a value that does not expire.
const Forever time.Duration = math.MaxInt64

// Expiring returns documents that expire. ttl is the time to live of a value, at least a second or Forever, and each write
// starts it again. With NewDocuments, only a document that was created with a ttl expires, and the next write makes it permanent.
func Expiring[T any](s *Sidecar, store, kind string, ttl func(T) time.Duration) *Documents[T] {
	documents := NewDocuments[T](s, store, kind)
	documents.ttl = ttl
	return documents
}

// lifetime is the metadata with the ttl of this value, nil without one.
func (d *Documents[T]) lifetime(value T) map[string]string {
	if d.ttl == nil {
		return nil
	}
	ttl := d.ttl(value)
	if ttl == Forever {
		return nil
	}
	return inSeconds(max(ttl, time.Second)) // a store takes zero for "for ever"
}

func inSeconds(ttl time.Duration) map[string]string {
	return map[string]string{"ttlInSeconds": strconv.Itoa(int(ttl / time.Second))}
}
