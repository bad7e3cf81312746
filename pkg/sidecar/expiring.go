package sidecar

import (
	"strconv"
	"time"
)

// Expiring returns the documents of one kind in a store, all of which expire. ttl says how long a value stays after it is
// written, at least a second. Each write starts that time again; other documents stay for good once they are written again.
func Expiring[T any](s *Sidecar, store, kind string, ttl func(T) time.Duration) *Documents[T] {
	documents := NewDocuments[T](s, store, kind)
	documents.ttl = ttl
	return documents
}

// lifetime is the metadata that tells a store how long to keep this value.
func (d *Documents[T]) lifetime(value T) map[string]string {
	if d.ttl == nil {
		return nil
	}
	return inSeconds(max(d.ttl(value), time.Second)) // a store takes zero for "for ever"
}

func inSeconds(ttl time.Duration) map[string]string {
	return map[string]string{"ttlInSeconds": strconv.Itoa(int(ttl / time.Second))}
}
