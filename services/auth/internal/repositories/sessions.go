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

// sessionsOf lists the sessions of one account, oldest first. It is a hint: the sessions decide.
type sessionsOf struct {
	IDs []string `json:"ids"`
}

// Sessions implements domain.SessionStore: a document for each session, and a list for each account.
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

// Add implements domain.SessionStore. The list comes first, so that the owner sees every session.
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

// storing is how long a session may be listed before it is stored, by another sign-in.
const storing = time.Minute

// trim makes room for the last of these sessions, which is about to be stored: it drops ended sessions from the list, and
// ends the oldest ones if there are still too many.
func (r *Sessions) trim(ctx context.Context, accountID string, listed []string) error {
	former, now := listed[:len(listed)-1], time.Now()
	documents, err := r.sessions.GetMany(ctx, former)
	if err != nil {
		return err
	}
	active := slices.DeleteFunc(slices.Clone(documents), func(d sidecar.Document[domain.Session]) bool { return !d.Value.Active(now) })
	surplus := max(0, len(active)-(domain.MaxSessions-1))
	for _, oldest := range active[:surplus] {
		_, err := r.Update(ctx, oldest.ID, func(s *domain.Session) error { s.End(now); return nil })
		if err != nil && !errs.Is(err, errs.NotFound) { // it may expire in between
			return err
		}
	}
	ended := endedOf(former, documents, active[surplus:], now)
	_, err = r.lists.Update(ctx, accountID, func(l *sessionsOf) error {
		l.IDs = slices.DeleteFunc(l.IDs, func(id string) bool { return ended[id] })
		return nil
	})
	return err
}

// endedOf returns which of the listed sessions can be dropped from the list: those that were found but do not stay, and
// those that were not found and are too old to be stored yet.
func endedOf(listed []string, found, staying []sidecar.Document[domain.Session], now time.Time) map[string]bool {
	ended := map[string]bool{}
	for _, id := range listed {
		ended[id] = now.Sub(ids.Made(id)) > storing
	}
	for _, session := range found {
		ended[session.ID] = true
	}
	for _, session := range staying {
		ended[session.ID] = false
	}
	return ended
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
		sessions[i] = document.Value
	}
	return sessions, nil
}
