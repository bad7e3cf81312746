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
	// ByEmail finds the account of an address. It takes as long whether or not there is one.
	ByEmail(ctx context.Context, email Email) (account Account, found bool, err error)
	// Get returns an account by its id, or errs.NotFound.
	Get(ctx context.Context, id string) (Account, error)
	// Update changes an account by a pure function, which may run several times, and returns it as it is then stored.
	Update(ctx context.Context, id string, change func(*Account) error) (Account, error)
	// List returns a page of all accounts, the newest first, and the cursor of the next page, "" on the last.
	List(ctx context.Context, cursor string, limit int) (accounts []Account, next string, err error)
}

// Passwords hashes passwords, slowly on purpose.
type Passwords interface {
	// Hash returns a salted hash that says how it was made.
	Hash(ctx context.Context, password string) (string, error)
	// Matches compares a password with a hash. With the hash "" it answers no after the same work, so that the time it
	// takes tells nobody whether there is an account. It calls first before it begins, unless it is too busy to begin at
	// all, and does not begin when that fails.
	Matches(ctx context.Context, hash, password string, first func() error) (bool, error)
	// Outdated reports whether hashes are made otherwise by now.
	Outdated(hash string) bool
}

// Accounts is how accounts come into being, change and are found.
type Accounts struct {
	store     AccountStore
	admins    Admins
	passwords Passwords
	guard     *Guard
	announcer *Announcer
	newID     func() string
}

// NewAccounts returns the accounts in a store.
func NewAccounts(
	store AccountStore, admins Admins, passwords Passwords, guard *Guard, announcer *Announcer, newID func() string,
) *Accounts {
	return &Accounts{store: store, admins: admins, passwords: passwords, guard: guard, announcer: announcer, newID: newID}
}

// Register makes an account that nobody signed up for and nobody is told of: errs.Conflict when the address has one.
func (a *Accounts) Register(ctx context.Context, r Registration, roles ...Role) (Account, error) {
	account, found, err := a.store.ByEmail(ctx, r.email)
	switch {
	case err != nil:
		return Account{}, err
	case found:
		err = taken(nil)
	default:
		account, err = a.add(ctx, r, roles, func(*Account) {})
	}
	if (err == nil || found) && account.Has(Admin) {
		if err := a.admins.Add(ctx, account.ID); err != nil { // a former start may have died before it came to this
			return Account{}, err
		}
	}
	return account, err
}

// add stores the account of a registration, with what else belongs to it. Of several who register one address at the same
// time, one wins.
func (a *Accounts) add(ctx context.Context, r Registration, roles []Role, complete func(*Account)) (Account, error) {
	hash, err := a.passwords.Hash(ctx, r.password)
	if err != nil {
		return Account{}, err
	}
	account := r.account(a.newID(), hash, time.Now(), roles)
	complete(&account)
	account, err = a.store.Add(ctx, account)
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

// SignUp makes the account of somebody who asks for one and publishes that: errs.Conflict when the address has one. One
// that was made and not announced is what an outage in the middle of a sign-up leaves behind; whoever knows its password
// signs up for it once more. It counts as half-done until Settle.
func (a *Accounts) SignUp(ctx context.Context, r Registration, from Client) (Account, error) {
	// Asked first, because a hash costs a hundred times more. What decides a race is add.
	account, found, err := a.store.ByEmail(ctx, r.email)
	switch {
	case err != nil:
		return Account{}, err
	case !found:
		account, err = a.add(ctx, r, nil, func(made *Account) {
			made.announce(Announcement{Fact: Registered, At: made.CreatedAt})
			made.rememberNetwork(networkOf(from.Address))
		})
	case account.HalfDone():
		err = a.prove(ctx, r.email, account, r.password, from, taken(nil))
	default:
		err = taken(nil)
	}
	if err != nil {
		return Account{}, err
	}
	return account, a.announcer.publish(ctx, account)
}

// Settle ends a sign-up: whoever signed up holds a session now. Should it fail, the next sign-in makes up for it.
func (a *Accounts) Settle(ctx context.Context, account Account) {
	_ = a.announcer.settle(context.WithoutCancel(ctx), account)
}

// prove returns the error wrong unless the password is the account's. Guessing is slowed down, with errs.RateLimited.
func (a *Accounts) prove(ctx context.Context, email Email, account Account, password string, from Client, wrong error) error {
	var attempt attempt
	// Whoever is sent away because of a crowd has not guessed: else a crowd could keep the owner out.
	begin := func() (err error) {
		attempt, err = a.guard.begin(ctx, email, account, from)
		return err
	}
	matches, err := a.passwords.Matches(ctx, account.PasswordHash, password, begin)
	if err != nil {
		return err
	}
	if !matches {
		return wrong
	}
	return attempt.succeed(ctx)
}

// Authenticate returns the account with this address and password. An unknown address and a wrong password are one
// error, errs.Unauthenticated, and take the same time; too many of them are errs.RateLimited.
func (a *Accounts) Authenticate(ctx context.Context, email, password string, from Client) (Account, error) {
	address, err := ParseEmail(email)
	if err != nil {
		return Account{}, err
	}
	account, _, err := a.store.ByEmail(ctx, address)
	if err != nil {
		return Account{}, err
	}
	wrong := errs.New(errs.Unauthenticated, "there is no account with this e-mail address and password")
	if err := a.prove(ctx, address, account, password, from, wrong); err != nil {
		return Account{}, err
	}
	if account, err = a.signedIn(ctx, account, password, from); err != nil {
		return Account{}, err
	}
	a.announcer.Try(ctx, account)
	return account, nil
}

// signedIn notes on the account what a successful sign-in brings to light, if anything. The account stays of the epoch of
// the password that was compared: what ended all sessions since ends the one that is about to open as well.
func (a *Accounts) signedIn(ctx context.Context, account Account, password string, from Client) (Account, error) {
	network, hash := networkOf(from.Address), ""
	outdated := a.passwords.Outdated(account.PasswordHash)
	if !outdated && account.KnowsNetwork(network) {
		return account, nil
	}
	if outdated {
		var err error
		if hash, err = a.passwords.Hash(ctx, password); err != nil {
			return Account{}, err
		}
	}
	noted, err := a.store.Update(ctx, account.ID, func(stored *Account) error {
		if stored.Epoch != account.Epoch {
			return nil
		}
		if outdated && stored.PasswordHash == account.PasswordHash {
			stored.PasswordHash = hash
		}
		stored.rememberNetwork(network)
		return nil
	})
	noted.Epoch = account.Epoch
	return noted, err
}

// Get returns an account by its id, or errs.NotFound.
func (a *Accounts) Get(ctx context.Context, id string) (Account, error) { return a.store.Get(ctx, id) }

// List returns a page of all accounts, the newest first, or the one with the address that is asked for.
func (a *Accounts) List(ctx context.Context, email, cursor string, limit int) (accounts []Account, next string, err error) {
	if email == "" {
		return a.store.List(ctx, cursor, limit)
	}
	address, err := ParseEmail(email)
	if err != nil {
		return nil, "", err
	}
	account, found, err := a.store.ByEmail(ctx, address)
	if err != nil || !found {
		return nil, "", err
	}
	return []Account{account}, "", nil
}
