package identity

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/sync/singleflight"

	"stoa/pkg/common/errs"
	"stoa/pkg/sidecar"
)

const (
	// sessionFresh is how long an answer about a session is used without a second thought.
	sessionFresh = 2 * time.Second
	// sessionUsable is how long it is used while a newer one is on its way, or cannot be had. With the time that a stream
	// takes to look again, it has to stay below the five seconds in which a revoked session is dead everywhere.
	sessionUsable = 4500 * time.Millisecond
	// askTimeout bounds one question.
	askTimeout = 2 * time.Second
	// maxRecent bounds what is remembered of sessions and of tokens, twice this number each: a few megabytes.
	maxRecent = 10_000
)

// Liveness is what there is to say about a session that is alive.
type Liveness struct {
	// AccountID is whose session it is.
	AccountID string `json:"accountId"`
	// Roles are the rights that the account holds now.
	Roles []Role `json:"roles"`
}

// Sessions asks about a session: errs.NotFound for one that has ended or never was.
type Sessions func(ctx context.Context, id string) (Liveness, error)

// SessionsOf returns the Sessions of the app `auth`, behind a sidecar.
func SessionsOf(s *sidecar.Sidecar) Sessions {
	return func(ctx context.Context, id string) (Liveness, error) {
		var live Liveness
		err := s.Invoke(ctx, "auth", http.MethodGet, "/internal/sessions/"+url.PathEscape(id), nil, &live)
		return live, err
	}
}

// sessionCache asks about each session every few seconds, once for all who wait, however many requests it makes.
type sessionCache struct {
	ask    Sessions
	flight singleflight.Group
	known  *recent[string, verdict]
}

// verdict is the latest answer about a session.
type verdict struct {
	live  Liveness
	ended error     // for a session that is not alive
	asked time.Time // before the question was sent: what happened later is not in the answer

	failed error     // why no answer came to the question after it
	next   time.Time // not asked again before
}

func newSessionCache(ask Sessions) *sessionCache {
	return &sessionCache{ask: ask, known: newRecent[string, verdict](maxRecent)}
}

// check returns what is known of a session: errs.Unauthenticated if it has ended, errs.Unavailable if that cannot be told.
func (s *sessionCache) check(ctx context.Context, id string) (Liveness, error) {
	last, _ := s.known.get(id)
	age := time.Since(last.asked)
	if age < sessionFresh {
		return last.live, last.ended
	}
	done := s.flight.DoChan(id, func() (any, error) { return s.refresh(context.WithoutCancel(ctx), id) })
	if age < sessionUsable {
		return last.live, last.ended // the question goes on behind the caller's back
	}
	select {
	case result := <-done:
		if result.Err != nil {
			return Liveness{}, result.Err
		}
		now := result.Val.(verdict) //nolint:forcetypeassert // refresh returns one
		return now.live, now.ended
	case <-ctx.Done():
		return Liveness{}, errs.Wrap(errs.Unavailable, ctx.Err(), "the state of the session did not come in time")
	}
}

// refresh asks, unless that failed a moment ago. It runs in one goroutine at a time for each session.
func (s *sessionCache) refresh(ctx context.Context, id string) (any, error) {
	last, _ := s.known.get(id)
	if time.Now().Before(last.next) {
		return nil, last.failed
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	asked := time.Now()
	live, err := s.ask(ctx, id)
	switch {
	case err == nil:
		last = verdict{live: live, asked: asked}
	case errs.Is(err, errs.NotFound):
		ended := errs.Wrap(errs.Unauthenticated, err, "the session has ended; sign in again")
		last = verdict{ended: ended, asked: asked}
	default:
		// Whatever else it is, it does not say that the session has ended.
		last.failed = errs.Wrap(errs.Unavailable, err, "access tokens cannot be checked now: auth does not answer")
		last.next = time.Now().Add(retryPause)
	}
	s.known.put(id, last)
	return last, last.failed
}

// SessionVerifier verifies a token, and then that its session is alive.
type SessionVerifier struct {
	tokens   Verifier
	sessions *sessionCache
}

// NewVerifier returns a verifier of tokens whose sessions have to be alive. What it learns of a session it believes for a
// few seconds, less than five.
func NewVerifier(tokens Verifier, sessions Sessions) *SessionVerifier {
	return &SessionVerifier{tokens: tokens, sessions: newSessionCache(sessions)}
}

// FromAuth returns the verifier of a service: keys and sessions are those of the app `auth`.
func FromAuth(s *sidecar.Sidecar) *SessionVerifier {
	return NewVerifier(NewTokenVerifier(Keys(s)), SessionsOf(s))
}

// Verify implements Verifier. The caller's roles are those of the account now, whatever the token says.
func (v *SessionVerifier) Verify(ctx context.Context, token string) (Caller, error) {
	caller, err := v.tokens.Verify(ctx, token)
	if err != nil {
		return Caller{}, err
	}
	live, err := v.sessions.check(ctx, caller.SessionID)
	if err != nil {
		return Caller{}, err
	}
	if live.AccountID != caller.ID {
		return Caller{}, errs.New(errs.Unauthenticated, "the access token does not hold; sign in again")
	}
	caller.Roles = live.Roles
	return caller, nil
}
