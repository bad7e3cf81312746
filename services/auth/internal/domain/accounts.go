package domain

import (
	"cmp"
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
	// Release gives back an address that belongs to an account, so that it can sign up again.
	Release(ctx context.Context, emailKey, accountID string) error
	// ByEmail finds the account of an address, unless it is deleted. Its duration reveals neither whether there is one nor whether it is an ADMIN.
	ByEmail(ctx context.Context, email Email) (account Account, found bool, err error)
	// ByEmailKey is ByEmail for the key of an address.
	ByEmailKey(ctx context.Context, key string) (account Account, found bool, err error)
	// Get returns an account by its id, also a deleted one for a while, or errs.NotFound.
	Get(ctx context.Context, id string) (Account, error)
	// Update changes an account by a pure function, which may run several times, and returns the result.
	Update(ctx context.Context, id string, change func(*Account) error) (Account, error)
	// List returns a page of all accounts that are not deleted, newest first, and the cursor of the next page, "" on the last.
	List(ctx context.Context, cursor string, limit int) (accounts []Account, next string, err error)
}

// Passwords hashes passwords, slowly by design.
type Passwords interface {
	// Hash returns a salted hash that contains its parameters. It fails with errs.Unavailable if too many callers wait, in all
	// or in their network.
	Hash(ctx context.Context, from Origin, password string) (string, error)
	// Matches compares a password with a hash. The hash "" never matches but takes the same time, so that the duration does
	// not reveal whether there is an account. Before it compares, Matches calls begin, and returns its error. If too many
	// callers wait, it fails like Hash, without calling begin.
	Matches(ctx context.Context, from Origin, hash, password string, begin func() error) (bool, error)
	// Outdated reports whether a new hash would have other parameters.
	Outdated(hash string) bool
}

// Accounts has the use cases of accounts.
type Accounts struct {
	store     AccountStore
	authority *Authority
	admins    Admins
	passwords Passwords
	attempts  AttemptStore
	refusals  *RefusalLog
	publisher *Publisher
	verifies  bool
}

// NewAccounts returns the accounts in a store. If it verifies, those who sign up have to verify their addresses.
func NewAccounts(
	store AccountStore, authority *Authority, admins Admins, passwords Passwords, attempts AttemptStore, refusals *RefusalLog,
	publisher *Publisher, verifies bool,
) *Accounts {
	return &Accounts{
		store: store, authority: authority, admins: admins, passwords: passwords, attempts: attempts, refusals: refusals,
		publisher: publisher, verifies: verifies,
	}
}

// Register creates an account with a verified address. It fails with errs.Conflict if the address has an account. The event
// about its roles is published at the first sign-in: at the first start of a system, nobody listens yet.
func (a *Accounts) Register(ctx context.Context, r Registration, roles ...Role) (Account, error) {
	account, now := Account{}, time.Now().UTC()
	account.VerifiedAt, account.First = now, true
	account.give(roles)
	account.recordLatest(RolesChanged, now)
	account, err := a.add(ctx, r, Origin{}, account)
	if err != nil || !account.AdminCandidate {
		return account, err
	}
	account.Admin = true
	return account, a.admins.Update(ctx, adding(account.ID))
}

// add completes and stores the account of a registration. It fails with errs.Conflict if the address has an account, and
// returns that one if it existed before. If several requests register one address at the same time, one succeeds.
func (a *Accounts) add(ctx context.Context, r Registration, from Origin, account Account) (Account, error) {
	// A read costs much less than the hash. If two requests race, the store decides.
	if existing, found, err := a.store.ByEmail(ctx, r.email); err != nil || found {
		return existing, cmp.Or(err, taken())
	}
	hash, err := a.passwords.Hash(ctx, from, r.password)
	if err != nil {
		return Account{}, err
	}
	account.ID, account.Email, account.Name, account.PasswordHash = ids.New(), r.email, r.name, hash
	account.CreatedAt = time.Now().UTC()
	account, err = a.store.Add(ctx, account)
	if errs.Is(err, errs.Conflict) {
		return Account{}, taken()
	}
	return account, err
}

func taken() error {
	return &errs.Error{
		Kind: errs.Conflict, Message: "there is already an account with this e-mail address; sign in instead",
		Fields: []errs.Field{{Name: "email", Problem: "is taken"}},
	}
}

// SignUp creates an account and publishes its events. It fails with errs.Conflict if the address has an account. Until
// FinishSignUp, an interrupted sign-up can be repeated with the same password.
func (a *Accounts) SignUp(ctx context.Context, r Registration, from Client) (Account, error) {
	now := time.Now().UTC()
	account := Account{Roles: withLearner(nil), Networks: []string{from.Network}, Unpublished: []Event{{Type: Registered, At: now}}}
	if a.verifies {
		account.mailCode(newCode(), now)
	} else {
		account.VerifiedAt = now
	}
	account, err := a.add(ctx, r, Origin{Network: from.Network}, account)
	if errs.Is(err, errs.Conflict) && account.SignUpUnfinished() {
		err = a.verify(ctx, SignUp, r.email, account, r.password, from, err)
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
func (a *Accounts) verify(
	ctx context.Context, act Act, email Email, account Account, password string, from Client, wrong error,
) error {
	err := a.compare(ctx, email, account, password, from, wrong)
	if account.ID != "" && err != nil && !errs.Is(err, errs.Unavailable) {
		a.refusals.NoteAccount(string(act), errs.KindOf(err).HTTPStatus(), account.ID)
	}
	return err
}

func (a *Accounts) compare(ctx context.Context, email Email, account Account, password string, from Client, wrong error) error {
	origin := account.origin(from)
	count := func(change func(*Attempts) error) error {
		_, err := a.attempts.Upsert(ctx, email.Key(), change)
		return err
	}
	// A caller that is refused because too many wait has made no attempt: otherwise a crowd could lock the owner out.
	matches, err := a.passwords.Matches(ctx, origin, account.PasswordHash, password, func() error {
		return count(func(t *Attempts) error { return t.begin(origin, time.Now()) })
	})
	if err != nil || !matches {
		return cmp.Or(err, wrong)
	}
	return count(func(t *Attempts) error {
		t.succeed(origin)
		return nil
	})
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
	if err := a.verify(ctx, SignIn, address, account, password, from, wrong); err != nil {
		return Account{}, err
	}
	account, err = a.signedIn(ctx, account, password, from)
	if err == nil {
		a.publisher.Try(ctx, account)
	}
	return account, err
}

// signedIn records a new network and replaces an outdated hash. The returned account keeps the epoch that was read before
// the password was compared: if all sessions were ended since then, the new session has ended too.
func (a *Accounts) signedIn(ctx context.Context, account Account, password string, from Client) (Account, error) {
	hash, err := account.PasswordHash, error(nil)
	if a.passwords.Outdated(hash) {
		if hash, err = a.passwords.Hash(ctx, account.origin(from), password); err != nil {
			return Account{}, err
		}
	} else if account.KnowsNetwork(from.Network) {
		return account, nil
	}
	noted, err := a.store.Update(ctx, account.ID, func(stored *Account) error {
		if stored.Epoch != account.Epoch || stored.Deleted() {
			return nil
		}
		if stored.PasswordHash == account.PasswordHash {
			stored.PasswordHash = hash
		}
		stored.rememberNetwork(from.Network)
		return nil
	})
	noted.Epoch = account.Epoch
	return noted, err
}

// Get returns an account by its id, or errs.NotFound.
func (a *Accounts) Get(ctx context.Context, id string) (Account, error) {
	account, err := a.store.Get(ctx, id)
	if err == nil && account.Deleted() {
		return Account{}, noAccount()
	}
	return account, err
}

// OfAddress returns the account with an e-mail address. It fails with errs.NotFound if there is none, and errs.Invalid for a text that is
// not an address.
func (a *Accounts) OfAddress(ctx context.Context, email string) (Account, error) {
	found, _, err := a.List(ctx, email, "", 1)
	if err == nil && (email == "" || len(found) == 0) {
		err = noAccount()
	}
	if err != nil {
		return Account{}, err
	}
	return found[0], nil
}

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
