// Package repositories keeps the domain's types as documents in the state store of the service.
package repositories

import (
	"context"

	"stoa/pkg/common/errs"
	"stoa/pkg/sidecar"
	"stoa/services/auth/internal/domain"
)

// store is the name of the state store component.
const store = "auth-store"

// claim ties an address to an account. It is written before the account.
type claim struct {
	AccountID string `json:"accountId"`
}

// Accounts implements domain.AccountStore: one document for each account, and one for each address, whose first write
// decides to whom the address belongs.
type Accounts struct {
	accounts *sidecar.Documents[domain.Account]
	claims   *sidecar.Documents[claim]
}

// NewAccounts returns the accounts behind a sidecar.
func NewAccounts(s *sidecar.Sidecar) *Accounts {
	return &Accounts{
		accounts: sidecar.NewDocuments[domain.Account](s, store, "account"),
		claims:   sidecar.NewDocuments[claim](s, store, "email"),
	}
}

// Add implements domain.AccountStore.
//
// A claim without an account is what a crash between the two writes leaves behind, or somebody who is between them right
// now. Either way the account may be created by whoever comes, under the id that was claimed: creating it is again a
// first write, so that one wins, and the address is never lost.
func (r *Accounts) Add(ctx context.Context, account domain.Account) (domain.Account, error) {
	id, err := r.claim(ctx, account.Email, account.ID)
	if err != nil {
		return domain.Account{}, err
	}
	account.ID = id
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

// ByEmail implements domain.AccountStore.
func (r *Accounts) ByEmail(ctx context.Context, email domain.Email) (domain.Account, bool, error) {
	claimed, err := r.claims.Find(ctx, email.Key())
	if err != nil || !claimed.Exists() {
		return domain.Account{}, false, err
	}
	account, err := r.accounts.Find(ctx, claimed.Value.AccountID)
	return account.Value, account.Exists(), err
}

// Get implements domain.AccountStore.
func (r *Accounts) Get(ctx context.Context, id string) (domain.Account, error) {
	account, err := r.accounts.Get(ctx, id)
	return account.Value, err
}

// Ready reports whether the store answers.
func (r *Accounts) Ready(ctx context.Context) error {
	_, err := r.accounts.Find(ctx, "nobody")
	return err
}
