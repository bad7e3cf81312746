package handlers

import (
	"sync"
	"time"

	"stoa/pkg/common/errs"
)

const (
	// maxStreams is how many orders a person may follow at once, at each replica. A browser opens no more than six
	// connections to one place, so this is what a person can use; each costs a read of the store every second.
	maxStreams = 5
	// streamPause is what somebody is told to wait who follows too many.
	streamPause = 10 * time.Second
)

// slots count what each caller has open. The zero value has none taken.
type slots struct {
	mu    sync.Mutex
	taken map[string]int
}

// take takes one of the caller's slots until leave is called, or fails with errs.RateLimited.
func (s *slots) take(callerID string) (leave func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken[callerID] >= maxStreams {
		limited := errs.New(errs.RateLimited, "you follow %d orders at once already; close one of these streams", maxStreams)
		limited.RetryAfter = streamPause
		return nil, limited
	}
	if s.taken == nil {
		s.taken = map[string]int{}
	}
	s.taken[callerID]++
	return func() { s.leave(callerID) }, nil
}

func (s *slots) leave(callerID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken[callerID]--; s.taken[callerID] == 0 {
		delete(s.taken, callerID)
	}
}
