package domain

import (
	"context"
	"slices"

	"stoa/pkg/common/errs"
)

// Admins remembers which accounts hold the role ADMIN, because nothing else could be asked whether an account is the last
// of them. An account gets the role before it is put here, and is taken out before it loses the role: what stands here
// may be too few, never too many.
type Admins interface {
	// Add puts an account among the admins.
	Add(ctx context.Context, id string) error
	// Remove takes an account out: errs.Conflict when there is no other.
	Remove(ctx context.Context, id string) error
}

// Has reports whether the account holds a role.
func (a *Account) Has(role Role) bool { return slices.Contains(a.Roles, role) }

// SetRoles gives an account these roles and no others; that of a learner stays. errs.Conflict when nobody would be left
// who can give roles.
func (a *Accounts) SetRoles(ctx context.Context, id string, roles []Role) (Account, error) {
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
	account, err = a.store.Update(ctx, id, func(stored *Account) error {
		if stored.Has(Admin) && !stays && !account.Has(Admin) { // given in the meantime, and nobody asked who else has it
			return errs.New(errs.Conflict, "the account was made an ADMIN in the meantime; look at it again")
		}
		stored.Roles = withLearner(roles)
		return nil
	})
	if err != nil || !stays {
		return account, err
	}
	return account, a.admins.Add(ctx, id)
}
