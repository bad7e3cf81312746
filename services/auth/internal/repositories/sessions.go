package repositories

import (
	"context"

	"stoa/pkg/sidecar"
	"stoa/services/auth/internal/domain"
)

// Sessions keeps sessions until they expire.
type Sessions struct {
	sessions *sidecar.Documents[domain.Session]
}

// NewSessions returns the sessions behind a sidecar.
func NewSessions(s *sidecar.Sidecar) *Sessions {
	return &Sessions{sidecar.NewDocuments[domain.Session](s, store, "session")}
}

// Add stores a new session.
func (r *Sessions) Add(ctx context.Context, session domain.Session) error {
	return r.sessions.Create(ctx, session.ID, session, domain.SessionTTL)
}

// Get returns a session by its id, or errs.NotFound.
func (r *Sessions) Get(ctx context.Context, id string) (domain.Session, error) {
	session, err := r.sessions.Get(ctx, id)
	return session.Value, err
}
