// Package repositories keeps the domain's types as documents in the state store of the service.
package repositories

import (
	"cmp"
	"context"
	"slices"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/sidecar"
	"stoa/services/auth/internal/domain"
)

// store is the name of the state store component.
const store = "auth-store"

// everyone is the one list of accounts.
const everyone = "all"

// nobody is an id that no account has.
const nobody = "nobody"

// owner is the account that an address belongs to, "" once that is deleted. It is written before the account.
type owner struct {
	AccountID string `json:"accountId"`
}

// ownerTTL is how long it is kept. An address that was given back is not deleted at once: in Redis, the version of a document that was
// deleted begins at 1 again, so giving an address back twice would take it from another account.
func ownerTTL(o owner) time.Duration {
	if o.AccountID == "" {
		return deletedTTL
	}
	return sidecar.Forever
}

// Accounts implements domain.AccountStore: a document for each account, a document for each address, whose first write
// decides which account owns it, a list, and the admins.
type Accounts struct {
	documents *sidecar.Documents[domain.Account]
	owners    *sidecar.Documents[owner]
	lists     *sidecar.Lists[domain.Account]
	admins    Admins
}

// NewAccounts returns the accounts behind a sidecar.
func NewAccounts(s *sidecar.Sidecar) *Accounts {
	accounts := sidecar.Expiring(s, store, "account", accountTTL)
	return &Accounts{
		documents: accounts, owners: sidecar.Expiring(s, store, "email", ownerTTL), lists: sidecar.NewLists(accounts, "accounts"),
		admins: NewAdmins(s),
	}
}

// deletedTTL is how long a deleted account is known: longer than a broker keeps its event.
const deletedTTL = 31 * 24 * time.Hour

// accountTTL is how long an account is kept. A deleted first account stays, so that it is not made again.
func accountTTL(a domain.Account) time.Duration {
	if a.Deleted() && a.Deletion.Done && !a.First {
		return deletedTTL
	}
	return sidecar.Forever
}

// Add implements domain.AccountStore.
//
// The owner of the address is written first. After a crash, or while another request is between these writes, the address
// has an owner without an account. Any request may then create the account, under the owner's id: again the first write
// wins, and the address is never lost. The list comes before the account, so that no account is missing there.
func (r *Accounts) Add(ctx context.Context, account domain.Account) (domain.Account, error) {
	id, err := r.take(ctx, account.Email, account.ID)
	if err != nil {
		return domain.Account{}, err
	}
	account.ID = id
	if err := r.lists.Add(ctx, everyone, id); err != nil {
		return domain.Account{}, err
	}
	return account, r.documents.Create(ctx, id, account, 0)
}

// take returns the id of the account that owns the address from now on.
func (r *Accounts) take(ctx context.Context, email domain.Email, proposed string) (string, error) {
	err := r.owners.Create(ctx, email.Key(), owner{AccountID: proposed}, 0)
	if !errs.Is(err, errs.Conflict) {
		return proposed, err
	}
	first, err := r.owners.Upsert(ctx, email.Key(), func(o *owner) error {
		if o.AccountID == "" { // it was given back
			o.AccountID = proposed
		}
		return nil
	})
	return first.AccountID, err
}

// ByEmail implements domain.AccountStore. For an address without an account it reads the account of nobody, which takes as
// long as any other, and for each it reads the admins.
func (r *Accounts) ByEmail(ctx context.Context, email domain.Email) (domain.Account, bool, error) {
	return r.ByEmailKey(ctx, email.Key())
}

// ByEmailKey implements domain.AccountStore.
func (r *Accounts) ByEmailKey(ctx context.Context, key string) (domain.Account, bool, error) {
	owned, err := r.owners.Find(ctx, key)
	if err != nil {
		return domain.Account{}, false, err
	}
	id := cmp.Or(owned.Value.AccountID, nobody)
	account, err := r.documents.Find(ctx, id)
	if err != nil {
		return domain.Account{}, false, err
	}
	admins, err := r.admins.List(ctx)
	if account.Value.Deleted() {
		return domain.Account{}, false, err
	}
	account.Value.Admin = isAdmin(account.Value, admins)
	return account.Value, account.Exists(), err
}

// Release implements domain.AccountStore.
func (r *Accounts) Release(ctx context.Context, emailKey, accountID string) error {
	_, err := r.owners.Update(ctx, emailKey, func(o *owner) error {
		if o.AccountID == accountID {
			o.AccountID = ""
		}
		return nil
	})
	if errs.Is(err, errs.NotFound) {
		return nil
	}
	return err
}

// isAdmin reports whether an account has the role ADMIN. An account that is listed is a candidate too, except in a store that
// was changed by hand.
func isAdmin(account domain.Account, admins []string) bool {
	return account.AdminCandidate && slices.Contains(admins, account.ID)
}

// withAdmins returns accounts that were read with what the list of admins says of them, which it reads for candidates only.
func (r *Accounts) withAdmins(ctx context.Context, accounts ...domain.Account) ([]domain.Account, error) {
	if !slices.ContainsFunc(accounts, func(a domain.Account) bool { return a.AdminCandidate }) {
		return accounts, nil
	}
	admins, err := r.admins.List(ctx)
	if err != nil {
		return nil, err
	}
	for i, account := range accounts {
		accounts[i].Admin = isAdmin(account, admins)
	}
	return accounts, nil
}

// withAdmin is withAdmins for one account.
func (r *Accounts) withAdmin(ctx context.Context, account domain.Account, err error) (domain.Account, error) {
	if err != nil {
		return account, err
	}
	accounts, err := r.withAdmins(ctx, account)
	if err != nil {
		return domain.Account{}, err
	}
	return accounts[0], nil
}

// Get implements domain.AccountStore.
func (r *Accounts) Get(ctx context.Context, id string) (domain.Account, error) {
	if !ids.Valid(id) {
		return domain.Account{}, notFound("account")
	}
	account, err := r.documents.Get(ctx, id)
	return r.withAdmin(ctx, account.Value, err)
}

// Update implements domain.AccountStore.
func (r *Accounts) Update(ctx context.Context, id string, change func(*domain.Account) error) (domain.Account, error) {
	account, err := r.documents.Update(ctx, id, change)
	return r.withAdmin(ctx, account, err)
}

// notFound is the answer for a malformed id. The store is not asked, because it might read the id in another way.
func notFound(kind string) error { return errs.New(errs.NotFound, "there is no such %s", kind) }

// List implements domain.AccountStore.
func (r *Accounts) List(ctx context.Context, cursor string, limit int) ([]domain.Account, string, error) {
	accounts, next, err := r.lists.Page(ctx, everyone, cursor, limit, func(a domain.Account) bool { return !a.Deleted() })
	if err != nil {
		return nil, "", err
	}
	accounts, err = r.withAdmins(ctx, accounts...)
	return accounts, next, err
}
