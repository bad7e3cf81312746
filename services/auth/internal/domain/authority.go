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
// cache nor an access token decides about a change that lasts. What it allows is in the audit trail.
type Authority struct {
	sessions SessionStore
	accounts AccountStore
	trail    Trail
}

// NewAuthority returns the authority over the sessions and accounts in these stores.
func NewAuthority(sessions SessionStore, accounts AccountStore, trail Trail) *Authority {
	return &Authority{sessions: sessions, accounts: accounts, trail: trail}
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
// errs.Forbidden if the account lacks the role that the act needs.
func (a *Authority) account(ctx context.Context, by Actor, act Act) (Account, error) {
	_, account, err := a.find(ctx, by.SessionID)
	switch {
	case errs.Is(err, errs.NotFound):
		return Account{}, errs.New(errs.Unauthenticated, "the session has ended; sign in again")
	case err == nil && !account.Has(act.role()):
		return Account{}, errs.New(errs.Forbidden, "this needs the role %s", act.role())
	}
	return account, err
}

// lasting returns a change that is in the audit trail before it is written, and fails like Authority.account. A store runs it
// between a read and a write, and again if another write came first: so the decision is as young as what is written.
func lasting[T any](ctx context.Context, a *Authority, by Actor, entry Entry, change func(*T) error) func(*T) error {
	allowed := a.recorded(ctx, by, entry)
	return func(value *T) error {
		if err := change(value); err != nil {
			return err
		}
		return allowed()
	}
}

// recorded returns a function that fails like Authority.account, and when it is first called puts the act into the audit trail.
func (a *Authority) recorded(ctx context.Context, by Actor, entry Entry) func() error {
	recorded := false
	return func() error {
		if !recorded {
			if err := a.trail.Record(ctx, entry); err != nil {
				return err
			}
			recorded = true
		}
		_, err := a.account(ctx, by, entry.Act)
		return err
	}
}
