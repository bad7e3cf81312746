package domain

import (
	"context"
	"time"

	"stoa/pkg/common/errs"
)

// AccountStore keeps accounts, one for each address.
type AccountStore interface {
	// Add stores a new account and returns it as it is stored: errs.Conflict when the address has one. The id may differ
	// from the one that was proposed.
	Add(ctx context.Context, account Account) (Account, error)
	// ByEmail finds the account of an address.
	ByEmail(ctx context.Context, email Email) (account Account, found bool, err error)
	// Get returns an account by its id, or errs.NotFound.
	Get(ctx context.Context, id string) (Account, error)
}

// Passwords hashes passwords, slowly on purpose.
type Passwords interface {
	// Hash returns a salted hash that says how it was made.
	Hash(ctx context.Context, password string) (string, error)
	// Matches compares a password with a hash. With the hash "" it answers no after the same work, so that the time it
	// takes tells nobody whether there is an account.
	Matches(ctx context.Context, hash, password string) (bool, error)
}

// Accounts is how accounts come into being and are signed in to.
type Accounts struct {
	store     AccountStore
	passwords Passwords
	newID     func() string
}

// NewAccounts returns the accounts in a store.
func NewAccounts(store AccountStore, passwords Passwords, newID func() string) *Accounts {
	return &Accounts{store: store, passwords: passwords, newID: newID}
}

// Register makes an account: errs.Conflict when the address has one. Of several who register one address at the same
// time, one wins.
func (a *Accounts) Register(ctx context.Context, r Registration, roles ...Role) (Account, error) {
	// Asked first, because a hash costs a hundred times more. What decides a race is Add.
	_, found, err := a.store.ByEmail(ctx, r.email)
	if err != nil {
		return Account{}, err
	}
	if found {
		return Account{}, taken(nil)
	}
	hash, err := a.passwords.Hash(ctx, r.password)
	if err != nil {
		return Account{}, err
	}
	account, err := a.store.Add(ctx, r.account(a.newID(), hash, time.Now(), roles))
	if errs.Is(err, errs.Conflict) {
		return Account{}, taken(err)
	}
	return account, err
}

func taken(cause error) error {
	return &errs.Error{
		Kind: errs.Conflict, Message: "there is an account with this e-mail address already; sign in to it", Cause: cause,
		Fields: []errs.Field{{Name: "email", Problem: "is taken"}},
	}
}

// Authenticate returns the account with this address and password. An unknown address and a wrong password are one
// error, errs.Unauthenticated, and take the same time.
func (a *Accounts) Authenticate(ctx context.Context, email, password string) (Account, error) {
	address, err := ParseEmail(email)
	if err != nil {
		return Account{}, err
	}
	account, _, err := a.store.ByEmail(ctx, address)
	if err != nil {
		return Account{}, err
	}
	matches, err := a.passwords.Matches(ctx, account.PasswordHash, password)
	if err != nil {
		return Account{}, err
	}
	if !matches {
		return Account{}, errs.New(errs.Unauthenticated, "there is no account with this e-mail address and password")
	}
	return account, nil
}

// Get returns an account by its id, or errs.NotFound.
func (a *Accounts) Get(ctx context.Context, id string) (Account, error) { return a.store.Get(ctx, id) }
