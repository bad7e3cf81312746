package handlers

import (
	"context"
	"sync"
	"time"

	"stoa/services/auth/internal/domain"
)

// maxUnnoted is how many uses may wait to be noted. More are passed over: the next use of the key comes soon.
const maxUnnoted = 100

// Uses notes when API keys are used, behind the back of those who wait for a verdict. What it misses is a time that is
// shown to the minute, so it neither repeats nor hurries.
type Uses struct {
	keys APIKeys
	wait chan use

	mu      sync.Mutex
	waiting map[string]bool
}

type use struct {
	id string
	at time.Time
}

// NewUses returns what notes the uses of keys once it runs.
func NewUses(keys APIKeys) *Uses {
	return &Uses{keys: keys, wait: make(chan use, maxUnnoted), waiting: map[string]bool{}}
}

// note has a use noted, if it is news. It never waits.
func (u *Uses) note(key domain.APIKey, now time.Time) {
	if !key.UseIsNews(now) {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.waiting[key.ID] {
		return
	}
	select {
	case u.wait <- use{id: key.ID, at: now}:
		u.waiting[key.ID] = true
	default:
	}
}

// Run notes uses until ctx ends.
func (u *Uses) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case next := <-u.wait:
			_, _ = u.keys.Update(ctx, next.id, func(key *domain.APIKey) { key.Use(next.at) }) // see above
			u.mu.Lock()
			delete(u.waiting, next.id)
			u.mu.Unlock()
		}
	}
}
