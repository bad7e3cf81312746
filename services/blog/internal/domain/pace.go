package domain

import (
	"context"
	"slices"
	"time"

	"stoa/pkg/common/errs"
)

// How much an account may write within a time. What is refused does not count.
const (
	paceLimit = 10
	paceTime  = time.Minute
)

// Pace is what an account has written lately, the oldest first. It is stored, so that all processes count together.
type Pace struct {
	Written []Writing `json:"written"`
}

// Writing is one request that counts. A repeated one has the same id and counts once.
type Writing struct {
	ID string    `json:"id"`
	At time.Time `json:"at"`
}

// take counts a request, or refuses it with errs.RateLimited.
func (p *Pace) take(id string, now time.Time) error {
	p.Written = slices.DeleteFunc(p.Written, func(w Writing) bool { return now.Sub(w.At) >= paceTime })
	switch {
	case slices.ContainsFunc(p.Written, func(w Writing) bool { return w.ID == id }):
		return nil
	case len(p.Written) >= paceLimit:
		return &errs.Error{
			Kind: errs.RateLimited, Message: "you have written a lot within the last minute; take a breath, and try again",
			RetryAfter: p.Written[0].At.Add(paceTime).Sub(now),
		}
	}
	p.Written = append(p.Written, Writing{ID: id, At: now})
	return nil
}

// PaceStore stores paces.
type PaceStore interface {
	// Upsert changes a pace by a pure function, which gets the zero Pace for a new one.
	Upsert(ctx context.Context, id string, change func(*Pace) error) error
}
