package domain

import (
	"context"
	"errors"
	"time"

	"stoa/pkg/common/errs"
)

const (
	// refreshBefore is how long before its end an access token is replaced: calls with it may take a while.
	refreshBefore = time.Minute
	// renewTime bounds an exchange of tokens with the write of the new ones.
	renewTime = 5 * time.Second
	// refreshPatience is how long a request waits for the tokens that another process is fetching: longer than that takes. refreshPause is
	// how often it looks.
	refreshPatience, refreshPause = renewTime + time.Second, 50 * time.Millisecond
)

// SessionStore stores sessions until they expire.
type SessionStore interface {
	// Add stores a new session.
	Add(ctx context.Context, session Session) error
	// Get returns a session by its id, or errs.NotFound.
	Get(ctx context.Context, id string) (Session, error)
	// Update changes a session by a pure function, which may run several times. It fails with errs.NotFound for an unknown id.
	Update(ctx context.Context, id string, change func(*Session) error) (Session, error)
}

// Tokens is auth, which knows whether a person is still signed in.
type Tokens interface {
	// Refresh exchanges a refresh token for new tokens. Requests of this process with the same token share one exchange; while another
	// process does it, it fails with errs.Conflict.
	Refresh(ctx context.Context, refreshToken string) (Grant, error)
	// Check returns who an access token belongs to, with the roles that the account has now. It fails with errs.Unauthenticated if
	// its session has ended, no more than five seconds late.
	Check(ctx context.Context, accessToken string) (Person, error)
	// SignOut ends the session of an access token.
	SignOut(ctx context.Context, accessToken string) error
}

// Sessions has the use cases of sessions: who is in front of a browser, sign in, sign out.
type Sessions struct {
	store  SessionStore
	tokens Tokens
}

// NewSessions returns the sessions in a store.
func NewSessions(store SessionStore, tokens Tokens) *Sessions {
	return &Sessions{store: store, tokens: tokens}
}

// Open begins a session for a grant.
func (s *Sessions) Open(ctx context.Context, grant Grant) (Reference, error) {
	session, reference, err := newSession(grant, time.Now())
	if err == nil {
		err = s.store.Add(ctx, session)
	}
	return reference, err
}

// Resume returns who is in front of the browser that sent a reference. It fails with errs.Unavailable while that cannot be found out.
func (s *Sessions) Resume(ctx context.Context, sent Reference) (Visitor, error) {
	session, err := s.store.Get(ctx, sent.SessionID)
	if errs.Is(err, errs.NotFound) {
		return Visitor{Ended: true}, nil
	}
	if err != nil {
		return Visitor{}, err
	}
	grant, locked := session.open(sent.Key)
	switch worth := session.standing(sent.Generation, time.Now()); {
	case worth == over, locked != nil:
		return Visitor{Ended: true}, nil
	case worth == copied:
		return Visitor{Ended: true}, s.End(ctx, sent, grant.AccessToken)
	case worth == latest && session.settles(time.Now()):
		s.noteArrival(ctx, session)
	}
	session, grant, err = s.current(ctx, session, sent, grant)
	if errs.Is(err, errs.Unauthenticated) {
		return Visitor{Ended: true}, s.endStored(ctx, sent.SessionID)
	}
	visitor := Visitor{Person: grant.Person, Token: grant.AccessToken}
	if session.Generation != sent.Generation {
		visitor.Reference = &Reference{SessionID: session.ID, Key: sent.Key, Generation: session.Generation}
	}
	if err != nil && time.Now().After(grant.ExpiresAt) { // auth does not answer
		visitor.Token = ""
	}
	return visitor, nil
}

// noteArrival notes that the browser has the latest reference to stay. If that fails, the next request notes it.
func (s *Sessions) noteArrival(ctx context.Context, session Session) {
	_, _ = s.store.Update(ctx, session.ID, func(stored *Session) error {
		if stored.Generation == session.Generation && stored.SeenAt.IsZero() {
			stored.SeenAt = time.Now()
		}
		return nil
	})
}

// current returns the session with an access token that is valid for a while, and the roles that the account has now. It fails with
// errs.Unauthenticated if the session has ended, and with another error, beside what is there, if that cannot be found out. While auth does
// not answer, what it said last counts: the services decide in any case.
func (s *Sessions) current(ctx context.Context, session Session, sent Reference, grant Grant) (Session, Grant, error) {
	var err error
	if time.Until(grant.ExpiresAt) <= refreshBefore {
		session, grant, err = s.renewed(ctx, session, sent, grant)
	}
	if err != nil {
		return session, grant, err
	}
	now, err := s.tokens.Check(ctx, grant.AccessToken)
	if errs.Is(err, errs.Unauthenticated) { // the session has ended, or the key that signed the token was withdrawn: auth knows which
		grant.AccessToken = "" // it is of no use in either case
		if session, grant, err = s.renewed(ctx, session, sent, grant); err != nil {
			return session, grant, err
		}
		now, err = s.tokens.Check(ctx, grant.AccessToken)
	}
	if err == nil && now.ID == grant.Person.ID {
		grant.Person.Roles, grant.Person.Verified = now.Roles, now.Verified
	}
	return session, grant, nil
}

// renewed returns the session with the next tokens. It fails with errs.Unauthenticated if the session has ended, and with another error,
// beside what is there, if they cannot be fetched.
func (s *Sessions) renewed(ctx context.Context, session Session, sent Reference, grant Grant) (Session, Grant, error) {
	// The exchange and its write do not end when the browser goes away: the former tokens are of no use from then on.
	renewing, cancel := context.WithTimeout(context.WithoutCancel(ctx), renewTime)
	defer cancel()
	next, err := s.tokens.Refresh(renewing, grant.RefreshToken)
	if errs.Is(err, errs.Conflict) {
		return s.await(ctx, session, sent, grant)
	}
	if err != nil {
		return session, grant, err
	}
	stored, err := s.keep(renewing, session, sent, next)
	if err != nil {
		return session, next, err // the token is valid all the same
	}
	return reopened(stored, sent)
}

// keep stores the next tokens of a session. It tries until ctx ends, because nobody else has them.
func (s *Sessions) keep(ctx context.Context, session Session, sent Reference, next Grant) (Session, error) {
	for {
		stored, err := s.store.Update(ctx, session.ID, func(stored *Session) error {
			if stored.Generation != session.Generation || !stored.Active(time.Now()) {
				return nil // a request of another tab has stored the same tokens, or the session has ended meanwhile
			}
			return stored.renew(sent.Key, next, time.Now())
		})
		if !errs.Is(err, errs.Unavailable) {
			return stored, err
		}
		select {
		case <-time.After(refreshPause):
		case <-ctx.Done():
			return stored, err
		}
	}
}

// await returns the session once another process has stored its next tokens. If it does not, auth says later whether the session goes on.
func (s *Sessions) await(ctx context.Context, session Session, sent Reference, grant Grant) (Session, Grant, error) {
	ctx, cancel := context.WithTimeout(ctx, refreshPatience)
	defer cancel()
	for {
		stored, err := s.store.Get(ctx, session.ID)
		if err == nil && (stored.Generation != session.Generation || !stored.Active(time.Now())) {
			return reopened(stored, sent)
		}
		select {
		case <-time.After(refreshPause):
		case <-ctx.Done():
			return session, grant, errs.Wrap(errs.Unavailable, errors.Join(err, ctx.Err()), "another process has not stored the tokens yet")
		}
	}
}

func reopened(session Session, sent Reference) (Session, Grant, error) {
	grant, err := session.open(sent.Key)
	if err != nil {
		return session, grant, ended(err)
	}
	return session, grant, nil
}

func ended(cause error) error {
	return errs.Wrap(errs.Unauthenticated, cause, "the session has ended; sign in again")
}

// Remember replaces what is remembered of the person, who has just changed it, until the next refresh.
func (s *Sessions) Remember(ctx context.Context, sent Reference, change func(*Person)) error {
	_, err := s.store.Update(ctx, sent.SessionID, func(stored *Session) error {
		grant, err := stored.open(sent.Key)
		if err != nil {
			return ended(err)
		}
		change(&grant.Person)
		return stored.seal(sent.Key, grant)
	})
	return err
}

// End signs out. auth comes first: if the process dies after that, the next request finds the session ended. If auth does not answer,
// nobody has the tokens any more, and its session expires.
func (s *Sessions) End(ctx context.Context, sent Reference, accessToken string) error {
	if accessToken != "" {
		_ = s.tokens.SignOut(ctx, accessToken)
	}
	return s.endStored(ctx, sent.SessionID)
}

func (s *Sessions) endStored(ctx context.Context, id string) error {
	_, err := s.store.Update(ctx, id, func(stored *Session) error {
		stored.end(time.Now())
		return nil
	})
	if errs.Is(err, errs.NotFound) {
		return nil
	}
	return err
}
