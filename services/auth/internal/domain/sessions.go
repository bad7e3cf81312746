package domain

import (
	"context"
	"strconv"
	"time"

	"stoa/pkg/common/errs"
)

// SessionStore keeps sessions until they expire.
type SessionStore interface {
	// Add stores a new session, and ends the oldest of its account's when there are more than MaxSessions.
	Add(ctx context.Context, session Session) error
	// Get returns a session by its id, or errs.NotFound.
	Get(ctx context.Context, id string) (Session, error)
	// Update changes a session by a pure function, which may run several times: errs.NotFound if there is none.
	Update(ctx context.Context, id string, change func(*Session) error) (Session, error)
	// Of returns the sessions of an account, the newest first; some of them may be over.
	Of(ctx context.Context, accountID string) ([]Session, error)
}

// Sessions is how people come in, stay in and leave.
type Sessions struct {
	store     SessionStore
	accounts  *Accounts
	announcer *Announcer
	newID     func() string
}

// NewSessions returns the sessions in a store.
func NewSessions(store SessionStore, accounts *Accounts, announcer *Announcer, newID func() string) *Sessions {
	return &Sessions{store: store, accounts: accounts, announcer: announcer, newID: newID}
}

// Grant is what somebody holds who has come in.
type Grant struct {
	Account      Account
	SessionID    string
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
		s.accounts.Settle(ctx, account)
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
	session, refreshToken := NewSession(s.newID(), account, from, time.Now())
	return Grant{Account: account, SessionID: session.ID, RefreshToken: refreshToken}, s.store.Add(ctx, session)
}

// Refresh exchanges a refresh token for the next one. Of several who send the same one at the same time, one gets it; the
// others get errs.Conflict and may use what the one got. A token that does not hold is errs.Unauthenticated; if it did
// hold once, its session ends.
func (s *Sessions) Refresh(ctx context.Context, refreshToken string, from Client) (Grant, error) {
	token, err := parseRefreshToken(refreshToken)
	if err != nil {
		return Grant{}, err
	}
	session, account, err := s.find(ctx, token.sessionID)
	if errs.Is(err, errs.NotFound) {
		return Grant{}, badRefreshToken()
	}
	if err != nil {
		return Grant{}, err
	}
	var next string
	var outcome rotation
	session, err = s.store.Update(ctx, session.ID, func(stored *Session) error {
		next, outcome = stored.rotate(token, from, time.Now())
		return nil
	})
	if errs.Is(err, errs.NotFound) { // it expired in between
		return Grant{}, badRefreshToken()
	}
	if err != nil {
		return Grant{}, err
	}
	switch outcome {
	case rotated:
		s.announcer.Try(ctx, account)
		return Grant{Account: account, SessionID: session.ID, RefreshToken: next}, nil
	case tooLate:
		return Grant{}, errs.New(errs.Conflict, "this refresh token was exchanged a moment ago; use the one that it was exchanged for")
	case copied:
		if err := s.tell(ctx, account, Announcement{Fact: SessionsRevoked, Cause: session.ID, Reason: TokenReused}); err != nil {
			return Grant{}, err
		}
	}
	return Grant{}, badRefreshToken()
}

// tell announces something about an account that is not written into it otherwise.
func (s *Sessions) tell(ctx context.Context, account Account, news Announcement) error {
	news.At = time.Now().UTC()
	account, err := s.accounts.store.Update(ctx, account.ID, func(stored *Account) error {
		stored.announce(news)
		return nil
	})
	if err == nil {
		s.announcer.Try(ctx, account)
	}
	return err
}

// find returns a session that still counts, and its account: errs.NotFound for any other.
func (s *Sessions) find(ctx context.Context, id string) (Session, Account, error) {
	session, err := s.store.Get(ctx, id)
	if err != nil {
		return Session{}, Account{}, err
	}
	if !session.Alive(time.Now()) {
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

// Alive returns the account of a session that still counts: errs.NotFound for one that ended, expired or never was.
func (s *Sessions) Alive(ctx context.Context, id string) (Account, error) {
	_, account, err := s.find(ctx, id)
	return account, err
}

// List returns the sessions of an account that still count, the newest first.
func (s *Sessions) List(ctx context.Context, accountID string) ([]Session, error) {
	account, err := s.accounts.Get(ctx, accountID)
	if err != nil {
		return nil, err
	}
	all, err := s.store.Of(ctx, accountID)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	alive := make([]Session, 0, len(all))
	for _, session := range all {
		if session.Alive(now) && account.Admits(session) {
			alive = append(alive, session)
		}
	}
	return alive, nil
}

// End ends a session of an account: errs.NotFound for one that has ended, and alike for somebody else's.
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

// SignOut ends the session at hand. That it has ended already is no error.
func (s *Sessions) SignOut(ctx context.Context, accountID, id string) error {
	if err := s.End(ctx, accountID, id); !errs.Is(err, errs.NotFound) {
		return err
	}
	return nil
}

// EndOthers ends all sessions of an account but the one at hand, at once.
func (s *Sessions) EndOthers(ctx context.Context, current string) error {
	session, account, err := s.current(ctx, current)
	if err != nil {
		return err
	}
	account, err = s.accounts.store.Update(ctx, account.ID, func(stored *Account) error {
		if !stored.Admits(session) {
			return ended()
		}
		stored.endOthers(session.ID)
		stored.announce(Announcement{
			Fact: SessionsRevoked, Cause: "epoch " + strconv.Itoa(stored.Epoch), Reason: ByOwner, At: time.Now().UTC(),
		})
		return nil
	})
	if err == nil {
		s.announcer.Try(ctx, account)
	}
	return err
}

// ChangePassword gives the account of the session at hand another password, and ends its other sessions.
func (s *Sessions) ChangePassword(ctx context.Context, current string, change PasswordChange, from Client) error {
	session, _, err := s.current(ctx, current)
	if err != nil {
		return err
	}
	return s.accounts.ChangePassword(ctx, session, change, from)
}

// current returns the session at hand: errs.Unauthenticated if it has ended since its token was verified.
func (s *Sessions) current(ctx context.Context, id string) (Session, Account, error) {
	session, account, err := s.find(ctx, id)
	if errs.Is(err, errs.NotFound) {
		err = ended()
	}
	return session, account, err
}

func ended() error { return errs.New(errs.Unauthenticated, "the session has ended; sign in again") }
