package repositories

import (
	"context"
	"slices"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/sidecar"
	"stoa/services/auth/internal/domain"
)

// sessionsOf names the sessions of one account, in the order in which they were opened. The sessions decide.
type sessionsOf struct {
	IDs []string `json:"ids"`
}

// Sessions implements domain.SessionStore: one document for each session, and a list for each account.
type Sessions struct {
	sessions *sidecar.Documents[domain.Session]
	lists    *sidecar.Documents[sessionsOf]
}

// NewSessions returns the sessions behind a sidecar.
func NewSessions(s *sidecar.Sidecar) *Sessions {
	untilItExpires := func(session domain.Session) time.Duration { return time.Until(session.ExpiresAt) }
	longerThanAny := func(sessionsOf) time.Duration { return domain.SessionMaxAge + time.Hour }
	return &Sessions{
		sessions: sidecar.Expiring(s, store, "session", untilItExpires),
		lists:    sidecar.Expiring(s, store, "sessions-of", longerThanAny),
	}
}

// Add implements domain.SessionStore. The list comes first, so that no session lives that its owner cannot see.
func (r *Sessions) Add(ctx context.Context, session domain.Session) error {
	listed, err := r.lists.Upsert(ctx, session.AccountID, func(l *sessionsOf) error {
		l.IDs = append(l.IDs, session.ID)
		return nil
	})
	if err != nil {
		return err
	}
	if len(listed.IDs) > domain.MaxSessions {
		if err := r.trim(ctx, session.AccountID, listed.IDs); err != nil {
			return err
		}
	}
	return r.sessions.Create(ctx, session.ID, session, 0)
}

// storing is how long after it was listed a session may still be about to be stored, by another sign-in.
const storing = time.Minute

// trim makes room for the last of these sessions, which is about to be stored: it drops from the list what is over, and
// ends the oldest if that does not suffice.
func (r *Sessions) trim(ctx context.Context, accountID string, listed []string) error {
	former, now := listed[:len(listed)-1], time.Now()
	documents, err := r.sessions.GetMany(ctx, former)
	if err != nil {
		return err
	}
	alive := slices.DeleteFunc(slices.Clone(documents), func(d sidecar.Document[domain.Session]) bool { return !d.Value.Alive(now) })
	surplus := max(0, len(alive)-(domain.MaxSessions-1))
	for _, oldest := range alive[:surplus] {
		_, err := r.Update(ctx, oldest.ID, func(s *domain.Session) error { s.End(now); return nil })
		if err != nil && !errs.Is(err, errs.NotFound) { // it may expire in between
			return err
		}
	}
	over := overOf(former, documents, alive[surplus:], now)
	_, err = r.lists.Update(ctx, accountID, func(l *sessionsOf) error {
		l.IDs = slices.DeleteFunc(l.IDs, func(id string) bool { return over[id] })
		return nil
	})
	return err
}

// overOf returns which of the listed sessions need not be listed any more: those that were found and are not to stay, and
// those that were not found and that nobody can be about to store.
func overOf(listed []string, found, staying []sidecar.Document[domain.Session], now time.Time) map[string]bool {
	over := map[string]bool{}
	for _, id := range listed {
		over[id] = now.Sub(ids.Made(id)) > storing
	}
	for _, session := range found {
		over[session.ID] = true
	}
	for _, session := range staying {
		over[session.ID] = false
	}
	return over
}

// Get implements domain.SessionStore.
func (r *Sessions) Get(ctx context.Context, id string) (domain.Session, error) {
	if !ids.Valid(id) {
		return domain.Session{}, notFound("session")
	}
	session, err := r.sessions.Get(ctx, id)
	return session.Value, err
}

// Update implements domain.SessionStore.
func (r *Sessions) Update(ctx context.Context, id string, change func(*domain.Session) error) (domain.Session, error) {
	return r.sessions.Update(ctx, id, change)
}

// Of implements domain.SessionStore.
func (r *Sessions) Of(ctx context.Context, accountID string) ([]domain.Session, error) {
	listed, err := r.lists.Find(ctx, accountID)
	if err != nil {
		return nil, err
	}
	documents, err := r.sessions.GetMany(ctx, listed.Value.IDs)
	if err != nil {
		return nil, err
	}
	sessions := make([]domain.Session, len(documents))
	for i, document := range documents {
		sessions[len(documents)-1-i] = document.Value
	}
	return sessions, nil
}
