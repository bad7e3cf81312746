package domain

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
)

// SessionStore stores sessions until they expire.
type SessionStore interface {
	// Add stores a new session, and ends the oldest of its account if there are more than MaxSessions.
	Add(ctx context.Context, session Session) error
	// Get returns a session by its id, or errs.NotFound.
	Get(ctx context.Context, id string) (Session, error)
	// Update changes a session by a pure function, which may run several times. It fails with errs.NotFound for an unknown
	// id.
	Update(ctx context.Context, id string, change func(*Session) error) (Session, error)
	// Of returns the sessions of an account, including those that have ended but are still stored.
	Of(ctx context.Context, accountID string) ([]Session, error)
}

// Tokens issues access tokens.
type Tokens interface {
	// Issue returns an access token for a session of an account, and how long the token is valid.
	Issue(account Account, sessionID string) (token string, ttl time.Duration, err error)
}

// Sessions has the use cases of sessions: sign up, sign in, refresh, sign out.
type Sessions struct {
	store     SessionStore
	accounts  *Accounts
	publisher *Publisher
	tokens    Tokens
}

// NewSessions returns the sessions in a store.
func NewSessions(store SessionStore, accounts *Accounts, publisher *Publisher, tokens Tokens) *Sessions {
	return &Sessions{store: store, accounts: accounts, publisher: publisher, tokens: tokens}
}

// Grant is the result of a sign-up, a sign-in or a refresh.
type Grant struct {
	Account      Account
	AccessToken  string
	TTL          time.Duration // of the access token
	RefreshToken string
}

// SignUp makes an account and opens its first session.
func (s *Sessions) SignUp(ctx context.Context, r Registration, from Client) (Grant, error) {
	account, err := s.accounts.SignUp(ctx, r, from)
	if err != nil {
		return Grant{}, err
	}
	grant, err := s.open(ctx, account, from)
	if err == nil {
		s.accounts.FinishSignUp(ctx, account)
	}
	return grant, err
}

// SignIn opens a session of the account with this address and password.
func (s *Sessions) SignIn(ctx context.Context, email, password string, from Client) (Grant, error) {
	account, err := s.accounts.Authenticate(ctx, email, password, from)
	if err != nil {
		return Grant{}, err
	}
	return s.open(ctx, account, from)
}

func (s *Sessions) open(ctx context.Context, account Account, from Client) (Grant, error) {
	session, refreshToken := NewSession(ids.New(), account, from, time.Now())
	if err := s.store.Add(ctx, session); err != nil {
		return Grant{}, err
	}
	return s.grant(account, session.ID, refreshToken)
}

// grant adds an access token to a refresh token.
func (s *Sessions) grant(account Account, sessionID, refreshToken string) (Grant, error) {
	accessToken, ttl, err := s.tokens.Issue(account, sessionID)
	return Grant{Account: account, AccessToken: accessToken, TTL: ttl, RefreshToken: refreshToken}, err
}

// Refresh exchanges a refresh token for the next one. If several requests send the same token at the same time, one gets the
// next token and the others fail with errs.Conflict. Every other token that is not valid fails with errs.Unauthenticated;
// if it was valid earlier, its session ends.
func (s *Sessions) Refresh(ctx context.Context, refreshToken string, from Client) (Grant, error) {
	token, err := parseRefreshToken(refreshToken)
	if err != nil {
		return Grant{}, err
	}
	session, account, err := s.find(ctx, token.sessionID)
	var next string
	var outcome rotation
	if err == nil {
		session, err = s.store.Update(ctx, session.ID, func(stored *Session) error {
			next, outcome = stored.rotate(token, from, time.Now())
			return nil
		})
	}
	switch {
	case errs.Is(err, errs.NotFound): // from find, or from Update if the session expires in between
		return Grant{}, badRefreshToken()
	case err != nil:
		return Grant{}, err
	case outcome == rotated:
		s.publisher.Try(ctx, account)
		return s.grant(account, session.ID, next)
	case outcome == justRotated:
		return Grant{}, errs.New(errs.Conflict, "this refresh token was used a moment ago; use the new one")
	case outcome == reused:
		stolen := Event{Type: SessionsRevoked, Cause: session.ID, Reason: TokenReused, At: time.Now().UTC()}
		err = s.publisher.update(ctx, account.ID, func(stored *Account) error {
			stored.record(stolen)
			return nil
		})
	}
	if err != nil {
		return Grant{}, err
	}
	return Grant{}, badRefreshToken()
}

// find returns an active session and its account. It fails with errs.NotFound for every other session.
func (s *Sessions) find(ctx context.Context, id string) (Session, Account, error) {
	session, err := s.store.Get(ctx, id)
	if err != nil {
		return Session{}, Account{}, err
	}
	if !session.Active(time.Now()) {
		return Session{}, Account{}, noSession()
	}
	account, err := s.accounts.Get(ctx, session.AccountID)
	if err != nil {
		return Session{}, Account{}, err
	}
	if !account.Admits(session) {
		return Session{}, Account{}, noSession()
	}
	return session, account, nil
}

func noSession() error { return errs.New(errs.NotFound, "there is no such session") }

// AccountOf returns the account of an active session. It fails with errs.NotFound if the session has ended, has expired or
// never existed.
func (s *Sessions) AccountOf(ctx context.Context, id string) (Account, error) {
	_, account, err := s.find(ctx, id)
	return account, err
}

// List returns a page of the active sessions of an account, newest first, and the cursor of the next page, "" on the last.
// A cursor is the id of the last session on the page; the next page has the smaller ids, because ids sort by time.
func (s *Sessions) List(ctx context.Context, accountID, cursor string, limit int) (page []Session, next string, err error) {
	if cursor != "" && !ids.Valid(cursor) {
		return nil, "", errs.InvalidField("cursor", "is not a cursor of this list")
	}
	account, err := s.accounts.Get(ctx, accountID)
	if err != nil {
		return nil, "", err
	}
	all, err := s.store.Of(ctx, accountID)
	now := time.Now()
	page = slices.DeleteFunc(all, func(s Session) bool {
		return !s.Active(now) || !account.Admits(s) || cursor != "" && s.ID >= cursor
	})
	slices.SortFunc(page, func(a, b Session) int { return strings.Compare(b.ID, a.ID) })
	if len(page) > limit {
		page, next = page[:limit], page[limit-1].ID
	}
	return page, next, err
}

// End ends a session of an account. It fails with the same errs.NotFound for a session that has ended and for a session of
// another account.
func (s *Sessions) End(ctx context.Context, accountID, id string) error {
	session, _, err := s.find(ctx, id)
	if err != nil {
		return err
	}
	if session.AccountID != accountID {
		return noSession()
	}
	_, err = s.store.Update(ctx, id, func(stored *Session) error {
		stored.End(time.Now())
		return nil
	})
	return err
}

// SignOut ends the current session, if it has not ended yet.
func (s *Sessions) SignOut(ctx context.Context, accountID, id string) error {
	if err := s.End(ctx, accountID, id); !errs.Is(err, errs.NotFound) {
		return err
	}
	return nil
}

// EndOthers ends all sessions of the current session's account but the current one, by one write.
func (s *Sessions) EndOthers(ctx context.Context, current string) error {
	session, account, err := s.current(ctx, current)
	if err != nil {
		return err
	}
	return s.publisher.update(ctx, account.ID, func(stored *Account) error {
		if !stored.Admits(session) {
			return ended()
		}
		stored.endOthers(session.ID)
		stored.record(Event{
			Type: SessionsRevoked, Cause: "epoch " + strconv.Itoa(stored.Epoch), Reason: ByOwner, At: time.Now().UTC(),
		})
		return nil
	})
}

// ChangePassword changes the password of the current session's account, and ends its other sessions.
func (s *Sessions) ChangePassword(ctx context.Context, current string, change PasswordChange, from Client) error {
	session, _, err := s.current(ctx, current)
	if err != nil {
		return err
	}
	return s.accounts.ChangePassword(ctx, session, change, from)
}

// current returns the current session. It fails with errs.Unauthenticated if the session has ended since its access token
// was checked.
func (s *Sessions) current(ctx context.Context, id string) (Session, Account, error) {
	session, account, err := s.find(ctx, id)
	if errs.Is(err, errs.NotFound) {
		err = ended()
	}
	return session, account, err
}

func ended() error { return errs.New(errs.Unauthenticated, "the session has ended; sign in again") }
