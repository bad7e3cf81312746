package identity

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/sync/singleflight"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/recent"
	"stoa/pkg/sidecar"
)

const (
	// sessionFresh is how long an answer about a session is used without asking again.
	sessionFresh = 2 * time.Second
	// sessionUsable is how long an answer is used while auth is asked again or does not answer. Together with checkInterval it is
	// less than the five seconds within which every service must refuse a revoked session.
	sessionUsable = 4500 * time.Millisecond
	// askTimeout bounds one call to auth.
	askTimeout = 2 * time.Second
	// maxRecent bounds the caches: at most twice this number of sessions, and of tokens.
	maxRecent = 10_000
)

// Session is what services learn about a session that has not ended.
type Session struct {
	// AccountID is the account of the session.
	AccountID string `json:"accountId"`
	// Roles are those that the account has now.
	Roles []Role `json:"roles"`
}

// Sessions looks up a session. It fails with errs.NotFound for one that has ended or never existed.
type Sessions func(ctx context.Context, id string) (Session, error)

// SessionsOf returns the Sessions of the app `auth`, behind a sidecar.
func SessionsOf(s *sidecar.Sidecar) Sessions {
	return func(ctx context.Context, id string) (Session, error) {
		var session Session
		err := s.Invoke(ctx, "auth", http.MethodGet, "/internal/sessions/"+url.PathEscape(id), nil, &session)
		return session, err
	}
}

// sessionCache asks about each session every few seconds, once for all requests that wait for the answer.
type sessionCache struct {
	ask    Sessions
	flight singleflight.Group
	known  *recent.Memory[string, answer]
}

// answer is the latest answer about a session.
type answer struct {
	session Session
	ended   error     // set if the session has ended
	asked   time.Time // when the question was sent: what happened later is not in the answer

	failed error     // why a later question got no answer
	next   time.Time // the earliest time of the next question
}

func newSessionCache(ask Sessions) *sessionCache {
	return &sessionCache{ask: ask, known: recent.New[string, answer](maxRecent)}
}

// check returns a session. It fails with errs.Unauthenticated if the session has ended, and with errs.Unavailable if auth does
// not answer.
func (s *sessionCache) check(ctx context.Context, id string) (Session, error) {
	last, _ := s.known.Get(id)
	age := time.Since(last.asked)
	if age < sessionFresh {
		return last.session, last.ended
	}
	done := s.flight.DoChan(id, func() (any, error) { return s.refresh(context.WithoutCancel(ctx), id) })
	if age < sessionUsable {
		return last.session, last.ended // the caller does not wait for the answer
	}
	select {
	case result := <-done:
		if result.Err != nil {
			return Session{}, result.Err
		}
		now := result.Val.(answer) //nolint:forcetypeassert // refresh returns one
		return now.session, now.ended
	case <-ctx.Done():
		return Session{}, errs.Wrap(errs.Unavailable, ctx.Err(), "the session cannot be checked now: auth did not answer in time")
	}
}

// refresh asks auth, unless that failed a moment ago. It runs in one goroutine at a time for each session.
func (s *sessionCache) refresh(ctx context.Context, id string) (any, error) {
	last, _ := s.known.Get(id)
	if time.Now().Before(last.next) {
		return nil, last.failed
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	asked := time.Now()
	session, err := s.ask(ctx, id)
	switch {
	case err == nil:
		last = answer{session: session, asked: asked}
	case errs.Is(err, errs.NotFound):
		ended := errs.Wrap(errs.Unauthenticated, err, "the session has ended; sign in again")
		last = answer{ended: ended, asked: asked}
	default:
		// Any other error does not mean that the session has ended.
		last.failed = errs.Wrap(errs.Unavailable, err, "access tokens cannot be checked now: auth does not answer")
		last.next = time.Now().Add(retryPause)
	}
	s.known.Put(id, last)
	return last, last.failed
}

// SessionVerifier verifies a token, and then that its session has not ended.
type SessionVerifier struct {
	tokens   Verifier
	sessions *sessionCache
}

// NewVerifier returns a verifier of tokens and their sessions. It uses what it knows about a session for less than five
// seconds.
func NewVerifier(tokens Verifier, sessions Sessions) *SessionVerifier {
	return &SessionVerifier{tokens: tokens, sessions: newSessionCache(sessions)}
}

// FromAuth returns the verifier of a service, with the keys and sessions of the app `auth`.
func FromAuth(s *sidecar.Sidecar) *SessionVerifier {
	return NewVerifier(NewTokenVerifier(Keys(s)), SessionsOf(s))
}

// Verify implements Verifier. The caller's roles are those that the account has now, not those in the token.
func (v *SessionVerifier) Verify(ctx context.Context, token string) (Caller, error) {
	caller, err := v.tokens.Verify(ctx, token)
	if err != nil {
		return Caller{}, err
	}
	session, err := v.sessions.check(ctx, caller.SessionID)
	if err != nil {
		return Caller{}, err
	}
	if session.AccountID != caller.ID {
		return Caller{}, errs.New(errs.Unauthenticated, "the access token is not valid; sign in again")
	}
	caller.Roles = session.Roles
	return caller, nil
}
