package sidecar

import (
	"strconv"
	"time"
)

// Expiring returns the documents of one kind in a store that all expire: lives says of each value that is written how long
// it is kept from then on, a second at least. Each write counts anew, where other documents stay once they are written
// again.
func Expiring[T any](s *Sidecar, store, kind string, lives func(T) time.Duration) *Documents[T] {
	documents := NewDocuments[T](s, store, kind)
	documents.lives = lives
	return documents
}

// lifetime is what a store is told about how long to keep this value.
func (d *Documents[T]) lifetime(value T) map[string]string {
	if d.lives == nil {
		return nil
	}
	return inSeconds(max(d.lives(value), time.Second)) // zero would mean for ever
}

func inSeconds(ttl time.Duration) map[string]string {
	return map[string]string{"ttlInSeconds": strconv.Itoa(int(ttl / time.Second))}
}
