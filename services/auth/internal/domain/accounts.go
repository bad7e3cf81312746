package domain

import (
	"context"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
)

// AccountStore keeps accounts, one for each e-mail address.
type AccountStore interface {
	// Add stores a new account and returns it as stored, perhaps with another id: errs.Conflict if the address has one.
	Add(ctx context.Context, account Account) (Account, error)
	// ByEmail finds the account of an address. It takes the same time whether or not there is one.
	ByEmail(ctx context.Context, email Email) (account Account, found bool, err error)
	// Get returns an account by its id, or errs.NotFound.
	Get(ctx context.Context, id string) (Account, error)
	// Update changes an account by a pure function, which may run several times, and returns the result.
	Update(ctx context.Context, id string, change func(*Account) error) (Account, error)
	// List returns a page of all accounts, newest first, and the cursor of the next page, "" on the last.
	List(ctx context.Context, cursor string, limit int) (accounts []Account, next string, err error)
}

// Passwords hashes passwords, slowly by design.
type Passwords interface {
	// Hash returns a salted hash with the parameters that it was made with.
	Hash(ctx context.Context, password string) (string, error)
	// Matches compares a password with a hash. The hash "" never matches, but takes the same time, so that the time does not
	// reveal whether there is an account. Matches calls first before it begins, and does not begin if that fails; if too
	// many are waiting it does not even call first.
	Matches(ctx context.Context, hash, password string, first func() error) (bool, error)
	// Outdated reports whether new hashes have other parameters than this one.
	Outdated(hash string) bool
}

// Accounts is how accounts are made, changed and found.
type Accounts struct {
	store     AccountStore
	admins    Admins
	passwords Passwords
	guard     *Guard
	publisher *Publisher
}

// NewAccounts returns the accounts in a store.
func NewAccounts(
	store AccountStore, admins Admins, passwords Passwords, guard *Guard, publisher *Publisher,
) *Accounts {
	return &Accounts{store: store, admins: admins, passwords: passwords, guard: guard, publisher: publisher}
}

// Register makes an account without a sign-up and without an event: errs.Conflict if the address has one.
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
		if err := a.admins.Add(ctx, account.ID); err != nil { // an earlier start may have died before this
			return Account{}, err
		}
	}
	return account, err
}

// add stores the account of a registration, completed by a function. Of several registrations of one address at the same
// time, one succeeds.
func (a *Accounts) add(ctx context.Context, r Registration, roles []Role, complete func(*Account)) (Account, error) {
	hash, err := a.passwords.Hash(ctx, r.password)
	if err != nil {
		return Account{}, err
	}
	account := r.account(ids.New(), hash, time.Now(), roles)
	complete(&account)
	account, err = a.store.Add(ctx, account)
	if errs.Is(err, errs.Conflict) {
		return Account{}, taken(err)
	}
	return account, err
}

func taken(cause error) error {
	return &errs.Error{
		Kind: errs.Conflict, Message: "there is already an account with this e-mail address; sign in instead", Cause: cause,
		Fields: []errs.Field{{Name: "email", Problem: "is taken"}},
	}
}

// SignUp makes an account and publishes that: errs.Conflict if the address has one. A sign-up that an outage interrupted
// can be repeated with the same password, until FinishSignUp.
func (a *Accounts) SignUp(ctx context.Context, r Registration, from Client) (Account, error) {
	// Look first, because a hash costs a hundred times more. add decides a race.
	account, found, err := a.store.ByEmail(ctx, r.email)
	switch {
	case err != nil:
		return Account{}, err
	case !found:
		account, err = a.add(ctx, r, nil, func(made *Account) {
			made.record(Event{Type: Registered, At: made.CreatedAt})
			made.rememberNetwork(from.Network)
		})
	case account.SignUpUnfinished():
		err = a.verify(ctx, r.email, account, r.password, from, taken(nil))
	default:
		err = taken(nil)
	}
	if err != nil {
		return Account{}, err
	}
	return account, a.publisher.publish(ctx, account)
}

// FinishSignUp ends a sign-up once the new session is stored. If it fails, the next sign-in does it.
func (a *Accounts) FinishSignUp(ctx context.Context, account Account) {
	_ = a.publisher.clear(context.WithoutCancel(ctx), account)
}

// verify returns the error wrong unless the password is right, and errs.RateLimited after too many attempts. The account is
// the zero one if the address has none.
func (a *Accounts) verify(ctx context.Context, email Email, account Account, password string, from Client, wrong error) error {
	network := from.Network
	familiar := account.KnowsNetwork(network)
	// A request that is refused in a crowd is not an attempt: otherwise a crowd could lock the owner out.
	begin := func() error { return a.guard.begin(ctx, email, network, familiar) }
	matches, err := a.passwords.Matches(ctx, account.PasswordHash, password, begin)
	switch {
	case err != nil:
		return err
	case !matches:
		return wrong
	}
	return a.guard.succeed(ctx, email, network, familiar)
}

// Authenticate returns the account with this address and password. An unknown address and a wrong password give the same
// errs.Unauthenticated in the same time; after too many attempts it fails with errs.RateLimited.
func (a *Accounts) Authenticate(ctx context.Context, email, password string, from Client) (Account, error) {
	address, err := ParseEmail(email)
	if err != nil {
		return Account{}, err
	}
	account, _, err := a.store.ByEmail(ctx, address)
	if err != nil {
		return Account{}, err
	}
	wrong := errs.New(errs.Unauthenticated, "the e-mail address or the password is wrong")
	if err := a.verify(ctx, address, account, password, from, wrong); err != nil {
		return Account{}, err
	}
	if account, err = a.signedIn(ctx, account, password, from); err != nil {
		return Account{}, err
	}
	a.publisher.Try(ctx, account)
	return account, nil
}

// signedIn notes a new network and replaces an outdated hash. The account that it returns has the epoch of the password
// that was compared: if all sessions were ended since, the new one is ended too.
func (a *Accounts) signedIn(ctx context.Context, account Account, password string, from Client) (Account, error) {
	network, hash := from.Network, ""
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

// List returns a page of all accounts, newest first, or the account of an address.
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
