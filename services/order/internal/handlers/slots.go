package handlers

import (
	"fmt"
	"sync"
	"time"

	"stoa/pkg/common/errs"
)

const (
	// maxStreams is how many orders a person may follow at once, at each replica. A browser opens at most six connections
	// to a server, so nobody can use more. Each order that is followed is read every second.
	maxStreams = 5
	// streamPause is how long a caller with too many streams is asked to wait.
	streamPause = 10 * time.Second
)

// slots counts the open streams of each caller.
type slots struct {
	mu    sync.Mutex
	taken map[string]int
}

// take takes one of the caller's slots until leave is called, or fails with errs.RateLimited.
func (s *slots) take(callerID string) (leave func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken[callerID] >= maxStreams {
		return nil, &errs.Error{
			Kind: errs.RateLimited, Message: fmt.Sprintf("you already follow %d orders; close one of the streams", maxStreams),
			RetryAfter: streamPause,
		}
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
