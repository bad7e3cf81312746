// Package repositories keeps the domain's types as documents in the state store of the service.
package repositories

import (
	"context"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/sidecar"
	"stoa/services/auth/internal/domain"
)

// store is the name of the state store component.
const store = "auth-store"

// everybody is the one list of accounts.
const everybody = "all"

// nobody is an id that no account has.
const nobody = "nobody"

// claim ties an address to an account. It is written before the account.
type claim struct {
	AccountID string `json:"accountId"`
}

// Accounts implements domain.AccountStore: one document for each account, one for each address, whose first write decides
// to whom the address belongs, and one list.
type Accounts struct {
	accounts *sidecar.Documents[domain.Account]
	claims   *sidecar.Documents[claim]
	lists    *sidecar.Index
}

// NewAccounts returns the accounts behind a sidecar.
func NewAccounts(s *sidecar.Sidecar) *Accounts {
	return &Accounts{
		accounts: sidecar.NewDocuments[domain.Account](s, store, "account"),
		claims:   sidecar.NewDocuments[claim](s, store, "email"),
		lists:    sidecar.NewIndex(s, store, "accounts"),
	}
}

// Add implements domain.AccountStore.
//
// A claim without an account is what a crash between the two writes leaves behind, or somebody who is between them right
// now. Either way the account may be created by whoever comes, under the id that was claimed: creating it is again a
// first write, so that one wins, and the address is never lost. The list comes before the account, so that none is
// missing there; readers skip an id whose account never came to be.
func (r *Accounts) Add(ctx context.Context, account domain.Account) (domain.Account, error) {
	id, err := r.claim(ctx, account.Email, account.ID)
	if err != nil {
		return domain.Account{}, err
	}
	account.ID = id
	if err := r.lists.Add(ctx, everybody, id); err != nil {
		return domain.Account{}, err
	}
	return account, r.accounts.Create(ctx, id, account, 0)
}

// claim returns the id of the account that the address belongs to from now on.
func (r *Accounts) claim(ctx context.Context, email domain.Email, proposed string) (string, error) {
	err := r.claims.Create(ctx, email.Key(), claim{AccountID: proposed}, 0)
	if !errs.Is(err, errs.Conflict) {
		return proposed, err
	}
	claimed, err := r.claims.Get(ctx, email.Key())
	return claimed.Value.AccountID, err
}

// ByEmail implements domain.AccountStore. For an address without an account it asks for that of nobody, which takes as
// long as asking for somebody's.
func (r *Accounts) ByEmail(ctx context.Context, email domain.Email) (domain.Account, bool, error) {
	claimed, err := r.claims.Find(ctx, email.Key())
	if err != nil {
		return domain.Account{}, false, err
	}
	id := claimed.Value.AccountID
	if !claimed.Exists() {
		id = nobody
	}
	account, err := r.accounts.Find(ctx, id)
	return account.Value, account.Exists(), err
}

// Get implements domain.AccountStore.
func (r *Accounts) Get(ctx context.Context, id string) (domain.Account, error) {
	if !ids.Valid(id) {
		return domain.Account{}, notFound("account")
	}
	account, err := r.accounts.Get(ctx, id)
	return account.Value, err
}

// notFound is the answer for an id that is none of ours, without asking a store that might make something else of it.
func notFound(kind string) error { return errs.New(errs.NotFound, "there is no such %s", kind) }

// Update implements domain.AccountStore.
func (r *Accounts) Update(ctx context.Context, id string, change func(*domain.Account) error) (domain.Account, error) {
	return r.accounts.Update(ctx, id, change)
}

// List implements domain.AccountStore.
func (r *Accounts) List(ctx context.Context, cursor string, limit int) ([]domain.Account, string, error) {
	from, err := sidecar.ParseCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	listed, next, err := r.lists.Read(ctx, everybody, from, limit)
	if err != nil {
		return nil, "", err
	}
	documents, err := r.accounts.GetMany(ctx, listed)
	if err != nil {
		return nil, "", err
	}
	accounts := make([]domain.Account, len(documents))
	for i, document := range documents {
		accounts[i] = document.Value
	}
	return accounts, next.String(), nil
}

// Ready reports whether the store answers.
func (r *Accounts) Ready(ctx context.Context) error {
	_, err := r.accounts.Find(ctx, nobody)
	return err
}
