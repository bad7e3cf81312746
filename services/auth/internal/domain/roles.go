package domain

import (
	"context"
	"fmt"
	"slices"

	"stoa/pkg/common/errs"
)

// Admins lists the accounts with the role ADMIN, so that the last one keeps it. An account is added after it gets the role,
// and removed before it loses the role. So the list may lack an ADMIN, but everyone on it is one.
type Admins interface {
	// Add adds an account.
	Add(ctx context.Context, id string) error
	// Remove removes an account. It fails with errs.Conflict if the list has no other.
	Remove(ctx context.Context, id string) error
}

// Has reports whether the account has a role.
func (a *Account) Has(role Role) bool { return slices.Contains(a.Roles, role) }

// SetRoles gives an account these roles and LEARNER, and no others. Only an ADMIN may. It fails with errs.Conflict if no ADMIN
// would be left, or if an account whose address is not verified would get another role than LEARNER.
func (a *Accounts) SetRoles(ctx context.Context, by Actor, id string, roles []Role) (Account, error) {
	admin, err := a.authority.account(ctx, by, SetRoles)
	if err != nil {
		return Account{}, err
	}
	account, err := a.store.Get(ctx, id)
	if err != nil {
		return Account{}, err
	}
	stays := slices.Contains(roles, Admin)
	if account.Has(Admin) && !stays {
		if err := a.admins.Remove(ctx, id); err != nil {
			return Account{}, err
		}
	}
	entry := SetRoles.entry(admin.ID, by.From).about(id, fmt.Sprint(withLearner(roles)))
	account, err = a.store.Update(ctx, id, lasting(ctx, a.authority, by, entry, func(stored *Account) error {
		if stored.Has(Admin) && !stays && !account.Has(Admin) { // became ADMIN after the first read: Remove was not called
			return errs.New(errs.Conflict, "the account became an ADMIN in the meantime; try again")
		}
		if stored.Roles = withLearner(roles); len(stored.Roles) > 1 && !stored.Verified() {
			return errs.New(errs.Conflict, "the e-mail address of this account is not verified")
		}
		return nil
	}))
	if err != nil || !stays {
		return account, err
	}
	return account, a.admins.Add(ctx, id)
}
