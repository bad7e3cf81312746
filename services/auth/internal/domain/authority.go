package domain

import (
	"context"
	"time"

	"stoa/pkg/common/errs"
)

// Actor is who asks for a change that lasts: the session of a request, and where the request comes from.
type Actor struct {
	SessionID string
	From      Client
}

// Authority finds the session and the account behind a request as they are now. It reads both from the store, so neither a
// cache nor an access token decides about a change that lasts.
type Authority struct {
	sessions SessionStore
	accounts AccountStore
}

// NewAuthority returns the authority over the sessions and accounts in these stores.
func NewAuthority(sessions SessionStore, accounts AccountStore) *Authority {
	return &Authority{sessions: sessions, accounts: accounts}
}

// find returns an active session and its account. It fails with errs.NotFound for every other session.
func (a *Authority) find(ctx context.Context, id string) (Session, Account, error) {
	session, err := a.sessions.Get(ctx, id)
	if err != nil {
		return Session{}, Account{}, err
	}
	if !session.Active(time.Now()) {
		return Session{}, Account{}, noSession()
	}
	account, err := a.accounts.Get(ctx, session.AccountID)
	if err == nil && !account.Admits(session) {
		err = noSession()
	}
	return session, account, err
}

func noSession() error { return errs.New(errs.NotFound, "there is no such session") }

// account returns the account that acts. It fails with errs.Unauthenticated if the session has ended, and with
// errs.Forbidden if the account lacks the role; everyone is a Learner.
func (a *Authority) account(ctx context.Context, by Actor, role Role) (Account, error) {
	_, account, err := a.find(ctx, by.SessionID)
	switch {
	case errs.Is(err, errs.NotFound):
		return Account{}, errs.New(errs.Unauthenticated, "the session has ended; sign in again")
	case err == nil && !account.Has(role):
		return Account{}, errs.New(errs.Forbidden, "this needs the role %s", role)
	}
	return account, err
}

// while returns a change that fails like Authority.account. A store runs it between a read and a write, and again if another
// write came first: so the decision is as young as what is written.
func while[T any](ctx context.Context, a *Authority, by Actor, role Role, change func(*T) error) func(*T) error {
	return func(value *T) error {
		if _, err := a.account(ctx, by, role); err != nil {
			return err
		}
		return change(value)
	}
}
