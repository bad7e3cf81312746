package identity

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/sidecar"
)

const (
	// sessionFresh is how long an answer about a session is used without asking again.
	sessionFresh = 2 * time.Second
	// sessionUsable is how long an answer is used while auth is asked again or does not answer. Together with checkInterval it is
	// less than the five seconds within which every service must refuse a revoked session.
	sessionUsable = 4500 * time.Millisecond
	// maxRecent bounds the caches: at most twice this number of sessions, and of tokens.
	maxRecent = 10_000
)

// Session is what services learn about a session that has not ended.
type Session struct {
	// AccountID is the account of the session.
	AccountID string `json:"accountId"`
	// Roles are those that the account has now.
	Roles []Role `json:"roles"`
	// Verified says that the e-mail address of the account is verified.
	Verified bool `json:"verified"`
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

// sessionState is what is known about a session: it is open, or ended is set.
type sessionState struct {
	session Session
	ended   error
}

// SessionVerifier verifies a token, and then that its session has not ended.
type SessionVerifier struct {
	tokens   Verifier
	sessions *answers[sessionState]
}

// NewVerifier returns a verifier of tokens and their sessions. It uses what it knows about a session for less than five
// seconds.
func NewVerifier(tokens Verifier, sessions Sessions) *SessionVerifier {
	ask := func(ctx context.Context, id string) (sessionState, error) {
		session, err := sessions(ctx, id)
		if errs.Is(err, errs.NotFound) { // any other error does not mean that the session has ended
			return sessionState{ended: errs.Wrap(errs.Unauthenticated, err, "the session has ended; sign in again")}, nil
		}
		return sessionState{session: session}, err
	}
	return &SessionVerifier{tokens: tokens, sessions: newAnswers(maxRecent, sessionFresh, 0, ask)}
}

// FromAuth returns the verifier of a service, with the keys and sessions of the app `auth`.
func FromAuth(s *sidecar.Sidecar) *SessionVerifier {
	return NewVerifier(NewTokenVerifier(Keys(s)), SessionsOf(s))
}

// usable reports whether an answer of this age may be used. An account that has just verified its address must not be refused,
// so no answer from before is used for it.
func (s sessionState) usable(age time.Duration) bool {
	return age < sessionUsable && (s.session.Verified || s.ended != nil)
}

// Verify implements Verifier. The caller's roles are those that the account has now, not those in the token.
func (v *SessionVerifier) Verify(ctx context.Context, token string) (Caller, error) {
	caller, err := v.tokens.Verify(ctx, token)
	if err != nil {
		return Caller{}, err
	}
	state, err := v.sessions.get(ctx, caller.SessionID, sessionState.usable)
	switch {
	case err != nil:
		return Caller{}, err
	case state.ended != nil:
		return Caller{}, state.ended
	case state.session.AccountID != caller.ID:
		return Caller{}, errs.New(errs.Unauthenticated, "the access token is not valid; sign in again")
	}
	caller.Roles, caller.Verified = state.session.Roles, state.session.Verified
	return caller, nil
}
