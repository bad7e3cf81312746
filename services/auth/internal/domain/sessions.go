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
	// Add stores a new session of an account, and ends its oldest ones if there are more than MaxSessions.
	Add(ctx context.Context, account Account, session Session) error
	// Get returns a session by its id, or errs.NotFound.
	Get(ctx context.Context, id string) (Session, error)
	// Update changes a session by a pure function, which may run several times. It fails with errs.NotFound for an unknown
	// id.
	Update(ctx context.Context, id string, change func(*Session) error) (Session, error)
	// Of returns the sessions of an account, including those that have ended but are still stored.
	Of(ctx context.Context, accountID string) ([]Session, error)
	// Erase ends the sessions of an account, and removes from where they were used.
	Erase(ctx context.Context, accountID string) error
}

// Tokens issues access tokens.
type Tokens interface {
	// Issue returns an access token for a session of an account, and how long the token is valid.
	Issue(account Account, sessionID string) (token string, ttl time.Duration, err error)
}

// Sessions has the use cases of sessions: sign up, sign in, refresh, sign out.
type Sessions struct {
	store     SessionStore
	authority *Authority
	accounts  *Accounts
	publisher *Publisher
	tokens    Tokens
}

// NewSessions returns the sessions in a store.
func NewSessions(
	store SessionStore, authority *Authority, accounts *Accounts, publisher *Publisher, tokens Tokens,
) *Sessions {
	return &Sessions{store: store, authority: authority, accounts: accounts, publisher: publisher, tokens: tokens}
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
	grant, err := s.open(ctx, account, SignUp, from)
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
	return s.open(ctx, account, SignIn, from)
}

// open opens a session of an account. It is in the audit trail before it is stored.
func (s *Sessions) open(ctx context.Context, account Account, act Act, from Client) (Grant, error) {
	if err := s.authority.trail.Record(ctx, act.entry(account.ID, from)); err != nil {
		return Grant{}, err
	}
	session, refreshToken := NewSession(ids.New(), account, from, time.Now())
	if err := s.store.Add(ctx, account, session); err != nil {
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
	session, account, err := s.authority.find(ctx, token.sessionID)
	var next string
	var outcome rotation
	var stolen bool
	if err == nil {
		session, err = s.store.Update(ctx, session.ID, func(stored *Session) error {
			next, outcome = stored.rotate(token, from, time.Now())
			if outcome != reused {
				return nil
			}
			err := s.authority.trail.Record(ctx, ReuseToken.entry(stored.AccountID, from))
			if err == nil {
				account, err = s.noteTheft(ctx, *stored)
				stolen = err == nil
			}
			return err
		})
	}
	if stolen { // also if the answer of the store was lost, or the session was ended by another request meanwhile
		s.publisher.Try(ctx, account)
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
	default:
		return Grant{}, badRefreshToken()
	}
}

// noteTheft records the event of a session that is about to end because its token was used again. It comes before that end:
// a token of an ended session tells nothing, so nobody could make up for it.
func (s *Sessions) noteTheft(ctx context.Context, session Session) (Account, error) {
	return s.publisher.store.Update(ctx, session.AccountID, func(stored *Account) error {
		stored.record(Event{Type: SessionsRevoked, Cause: session.ID, Reason: TokenReused, At: time.Now().UTC()})
		return nil
	})
}

// AccountOf returns the account of an active session. It fails with errs.NotFound if the session has ended, has expired or
// never existed.
func (s *Sessions) AccountOf(ctx context.Context, id string) (Account, error) {
	_, account, err := s.authority.find(ctx, id)
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
	active, err := s.activeOf(ctx, account)
	page = slices.DeleteFunc(active, func(s Session) bool { return cursor != "" && s.ID >= cursor })
	slices.SortFunc(page, func(a, b Session) int { return strings.Compare(b.ID, a.ID) })
	if len(page) > limit {
		page, next = page[:limit], page[limit-1].ID
	}
	return page, next, err
}

// activeOf returns the active sessions of an account.
func (s *Sessions) activeOf(ctx context.Context, account Account) ([]Session, error) {
	all, err := s.store.Of(ctx, account.ID)
	now := time.Now()
	return slices.DeleteFunc(all, func(s Session) bool { return !s.Active(now) || !account.Admits(s) }), err
}

// End ends a session of the account that acts. It fails with the same errs.NotFound for a session that has ended and for a
// session of another account.
func (s *Sessions) End(ctx context.Context, by Actor, id string) error {
	account, err := s.authority.account(ctx, by, EndSession)
	if err != nil {
		return err
	}
	session, _, err := s.authority.find(ctx, id)
	if err == nil && session.AccountID != account.ID {
		err = noSession()
	}
	if err != nil {
		return err
	}
	entry := EndSession.entry(account.ID, by.From).about(id, "")
	_, err = s.store.Update(ctx, id, lasting(ctx, s.authority, by, entry, endNow))
	return err
}

func endNow(session *Session) error {
	session.End(time.Now())
	return nil
}

// SignOut ends the session that acts, if it has not ended yet.
func (s *Sessions) SignOut(ctx context.Context, by Actor) error {
	_, err := s.store.Update(ctx, by.SessionID, func(session *Session) error {
		if !session.EndedAt.IsZero() {
			return nil
		}
		session.End(time.Now())
		return s.authority.trail.Record(ctx, SignOut.entry(session.AccountID, by.From))
	})
	if errs.Is(err, errs.NotFound) {
		return nil
	}
	return err
}

// EndOthers ends all sessions of the account that acts but the current one, by one write. Its owner hears of it only if there
// was another one.
func (s *Sessions) EndOthers(ctx context.Context, by Actor) error {
	account, err := s.authority.account(ctx, by, EndOtherSessions)
	if err != nil {
		return err
	}
	active, err := s.activeOf(ctx, account)
	if err != nil {
		return err
	}
	others := slices.ContainsFunc(active, func(s Session) bool { return s.ID != by.SessionID })
	entry := EndOtherSessions.entry(account.ID, by.From)
	return s.publisher.update(ctx, account.ID, lasting(ctx, s.authority, by, entry, func(stored *Account) error {
		stored.endOthers(by.SessionID)
		if others {
			stored.record(Event{
				Type: SessionsRevoked, Cause: "epoch " + strconv.Itoa(stored.Epoch), Reason: ByOwner, At: time.Now().UTC(),
			})
		}
		return nil
	}))
}
