// Package repositories has the documents of pages, in the app's own store.
package repositories

import (
	"context"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/sidecar"
	"stoa/services/web/internal/domain"
)

// store is the state store of the service.
const store = "web-store"

// endedFor is how long an ended session stays stored: longer than any request that has read it before.
const endedFor = 10 * time.Minute

// Sessions implements domain.SessionStore: a document for each session, until it expires.
type Sessions struct {
	documents *sidecar.Documents[domain.Session]
}

// NewSessions returns the sessions behind a sidecar.
func NewSessions(s *sidecar.Sidecar) *Sessions {
	ttl := func(session domain.Session) time.Duration {
		if !session.EndedAt.IsZero() {
			return endedFor
		}
		return time.Until(session.ExpiresAt)
	}
	return &Sessions{sidecar.Expiring(s, store, "session", ttl)}
}

// Add implements domain.SessionStore.
func (r *Sessions) Add(ctx context.Context, session domain.Session) error {
	return r.documents.Create(ctx, session.ID, session, 0)
}

// Get implements domain.SessionStore.
func (r *Sessions) Get(ctx context.Context, id string) (domain.Session, error) {
	if !ids.Valid(id) {
		return domain.Session{}, errs.New(errs.NotFound, "there is no such session")
	}
	found, err := r.documents.Get(ctx, id)
	return found.Value, err
}

// Update implements domain.SessionStore.
func (r *Sessions) Update(ctx context.Context, id string, change func(*domain.Session) error) (domain.Session, error) {
	return r.documents.Update(ctx, id, change)
}
