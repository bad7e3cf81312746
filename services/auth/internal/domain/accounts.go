package domain

import (
	"context"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
)

// AccountStore stores accounts, one for each e-mail address.
type AccountStore interface {
	// Add stores a new account and returns the stored one, which may have another id. It fails with errs.Conflict if the
	// address has an account.
	Add(ctx context.Context, account Account) (Account, error)
	// ByEmail finds the account of an address. Its duration does not reveal whether there is one.
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
	// Hash returns a salted hash that contains its parameters.
	Hash(ctx context.Context, password string) (string, error)
	// Matches compares a password with a hash. The hash "" never matches but takes the same time, so that the duration does
	// not reveal whether there is an account. Before it compares, Matches calls begin, and returns its error. It fails
	// without calling begin if too many callers wait.
	Matches(ctx context.Context, hash, password string, begin func() error) (bool, error)
	// Outdated reports whether a new hash would have other parameters.
	Outdated(hash string) bool
}

// Accounts has the use cases of accounts.
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

// Register creates an account without publishing an event. It fails with errs.Conflict if the address has an account.
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
		if err := a.admins.Add(ctx, account.ID); err != nil { // also for an existing account: an earlier call may have died before this
			return Account{}, err
		}
	}
	return account, err
}

// add stores the account of a registration after complete has changed it. If several requests register one address at the
// same time, one succeeds.
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

// SignUp creates an account and publishes the event. It fails with errs.Conflict if the address has an account. Until
// FinishSignUp, an interrupted sign-up can be repeated with the same password.
func (a *Accounts) SignUp(ctx context.Context, r Registration, from Client) (Account, error) {
	// A read costs much less than the hash in add. If two requests race, add decides.
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

// FinishSignUp ends a sign-up after its session is stored. If this fails, the next sign-in or refresh does it.
func (a *Accounts) FinishSignUp(ctx context.Context, account Account) {
	_ = a.publisher.clear(context.WithoutCancel(ctx), account)
}

// verify returns the error wrong if the password is wrong, and errs.RateLimited after too many attempts. For an address
// without an account, pass the zero account.
func (a *Accounts) verify(ctx context.Context, email Email, account Account, password string, from Client, wrong error) error {
	network := from.Network
	familiar := account.KnowsNetwork(network)
	// A caller that is refused because too many wait has made no attempt: otherwise a crowd could lock the owner out.
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

// Authenticate returns the account with this address and password. It fails with the same errs.Unauthenticated, after the
// same time, for an unknown address and for a wrong password, and with errs.RateLimited after too many attempts.
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

// signedIn records a new network and replaces an outdated hash. The returned account keeps the epoch that was read before
// the password was compared: if all sessions were ended since then, the new session has ended too.
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
