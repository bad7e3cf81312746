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
	*sidecar.Documents[domain.Session]
	lists *sidecar.Documents[sessionsOf]
}

// NewSessions returns the sessions behind a sidecar.
func NewSessions(s *sidecar.Sidecar) *Sessions {
	untilItExpires := func(session domain.Session) time.Duration { return time.Until(session.ExpiresAt) }
	longerThanAny := func(sessionsOf) time.Duration { return domain.SessionMaxAge + time.Hour }
	return &Sessions{
		Documents: sidecar.Expiring(s, store, "session", untilItExpires),
		lists:     sidecar.Expiring(s, store, "sessions-of", longerThanAny),
	}
}

// Add implements domain.SessionStore. The list comes first, so that the owner sees every session.
func (r *Sessions) Add(ctx context.Context, account domain.Account, session domain.Session) error {
	listed, err := r.lists.Upsert(ctx, account.ID, func(l *sessionsOf) error {
		l.IDs = append(l.IDs, session.ID)
		return nil
	})
	if err != nil {
		return err
	}
	if len(listed.IDs) > domain.MaxSessions {
		if err := r.trim(ctx, account, listed.IDs); err != nil {
			return err
		}
	}
	return r.Create(ctx, session.ID, session, 0)
}

// storing is how long a session may be listed before it is stored, by another sign-in.
const storing = time.Minute

// trim makes room for the last of these sessions, which is about to be stored: it drops ended sessions from the list, also
// those that the account no longer admits, and ends the oldest ones if there are still too many. A session that is not found
// may still be about to be stored.
func (r *Sessions) trim(ctx context.Context, account domain.Account, listed []string) error {
	former, now := listed[:len(listed)-1], time.Now()
	found, err := r.GetEach(ctx, former)
	if err != nil {
		return err
	}
	drop := map[string]bool{}
	for _, id := range former {
		drop[id] = now.Sub(ids.Made(id)) > storing
	}
	room := domain.MaxSessions - 1
	for _, session := range slices.Backward(found) {
		open := session.Value.Active(now) && account.Admits(session.Value)
		drop[session.ID] = !open || room == 0
		switch {
		case !open:
		case room > 0:
			room--
		default:
			if err := r.end(ctx, session.ID, now); err != nil {
				return err
			}
		}
	}
	_, err = r.lists.Update(ctx, account.ID, func(l *sessionsOf) error {
		l.IDs = slices.DeleteFunc(l.IDs, func(id string) bool { return drop[id] })
		return nil
	})
	return err
}

// end ends a session that was active a moment ago.
func (r *Sessions) end(ctx context.Context, id string, now time.Time) error {
	_, err := r.Update(ctx, id, func(s *domain.Session) error { s.End(now); return nil })
	if errs.Is(err, errs.NotFound) {
		return nil // it has expired meanwhile
	}
	return err
}

// Get implements domain.SessionStore.
func (r *Sessions) Get(ctx context.Context, id string) (domain.Session, error) {
	if !ids.Valid(id) {
		return domain.Session{}, notFound("session")
	}
	session, err := r.Documents.Get(ctx, id)
	return session.Value, err
}

// Of implements domain.SessionStore.
func (r *Sessions) Of(ctx context.Context, accountID string) ([]domain.Session, error) {
	listed, err := r.lists.Find(ctx, accountID)
	if err != nil {
		return nil, err
	}
	documents, err := r.GetMany(ctx, listed.Value.IDs)
	if err != nil {
		return nil, err
	}
	sessions := make([]domain.Session, len(documents))
	for i, document := range documents {
		sessions[i] = document.Value
	}
	return sessions, nil
}

// Erase implements domain.SessionStore.
func (r *Sessions) Erase(ctx context.Context, accountID string) error {
	sessions, err := r.Of(ctx, accountID)
	for _, session := range sessions {
		if err == nil {
			_, err = r.Update(ctx, session.ID, func(s *domain.Session) error {
				s.End(time.Now())
				s.Address, s.UserAgent = "", ""
				return nil
			})
		}
		if errs.Is(err, errs.NotFound) {
			err = nil // it has expired meanwhile
		}
	}
	return err
}
