package domain

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"stoa/pkg/common/errs"
)

// Admins lists the accounts with the role ADMIN, in one document. The list alone decides who has the role, so that no
// interleaving of changes leaves nobody. An account becomes a candidate before it is added.
type Admins interface {
	// List returns the ids of the accounts.
	List(ctx context.Context) ([]string, error)
	// Update changes the list by a function, which runs again if another write came first.
	Update(ctx context.Context, change func(ids []string) ([]string, error)) error
}

// maxAdmins limits the list: it is read whenever the roles of a candidate are.
const maxAdmins = 1000

// adding returns the change that adds an account.
func adding(id string) func([]string) ([]string, error) {
	return func(ids []string) ([]string, error) {
		if slices.Contains(ids, id) {
			return ids, nil
		}
		if len(ids) >= maxAdmins {
			return nil, errs.New(errs.Conflict, "%d accounts have the role ADMIN, and no more can; take it from another first", maxAdmins)
		}
		return append(ids, id), nil
	}
}

// removing returns the change that removes an account, unless no other one would be left that stays: one on the list may be about to
// be deleted.
func (a *Accounts) removing(ctx context.Context, id string) func([]string) ([]string, error) {
	return func(ids []string) ([]string, error) {
		others, _ := striking(id)(slices.Clone(ids))
		if len(others) == len(ids) {
			return ids, nil
		}
		for _, other := range others {
			account, err := a.store.Get(ctx, other)
			switch {
			case err == nil && !account.Deleted():
				return others, nil
			case err != nil && !errs.Is(err, errs.NotFound):
				return nil, err
			}
		}
		return nil, lastAdmin()
	}
}

func lastAdmin() error {
	return errs.New(errs.Conflict, "this is the only account with the role ADMIN; give the role to another account first")
}

// striking returns the change that removes an account, also if nobody is left. It never fails.
func striking(id string) func([]string) ([]string, error) {
	return func(ids []string) ([]string, error) {
		return slices.DeleteFunc(ids, func(other string) bool { return other == id }), nil
	}
}

// Has reports whether the account has a role.
func (a *Account) Has(role Role) bool { return slices.Contains(a.AllRoles(), role) }

// AllRoles are the roles of the account, in the order of the role type.
func (a *Account) AllRoles() []Role {
	if a.Admin {
		return withLearner(append(slices.Clone(a.Roles), Admin))
	}
	return a.Roles
}

// give sets the roles but ADMIN, which Admins gives to candidates.
func (a *Account) give(roles []Role) {
	a.AdminCandidate = a.AdminCandidate || slices.Contains(roles, Admin)
	a.Roles = slices.DeleteFunc(withLearner(roles), func(r Role) bool { return r == Admin })
}

// SetRoles gives an account these roles and LEARNER, and no others. Only an ADMIN may. It fails with errs.Conflict if no ADMIN
// would be left, if an account whose address is not verified would get another role than LEARNER, or if somebody else sets the
// roles of the account at the same time; then they may be a mixture. After a crash it can be repeated.
func (a *Accounts) SetRoles(ctx context.Context, by Actor, id string, roles []Role) (Account, error) {
	admin, err := a.authority.account(ctx, by, SetRoles)
	if err != nil {
		return Account{}, err
	}
	roles = withLearner(roles)
	change := adding(id)
	if !slices.Contains(roles, Admin) {
		change = a.removing(ctx, id)
	}
	// The write below decides. If it must fail, this leaves the other roles as they are.
	if err := a.check(ctx, change); err != nil {
		return Account{}, err
	}
	allowed := a.authority.recorded(ctx, by, SetRoles.entry(admin.ID, by.From).about(id, fmt.Sprint(roles)))
	// The account first: it becomes a candidate, and those who demote themselves may still change it.
	_, err = a.store.Update(ctx, id, func(stored *Account) error {
		if stored.Deleted() {
			return noAccount()
		}
		if stored.give(roles); len(roles) > 1 && !stored.Verified() {
			return errs.New(errs.Conflict, "the e-mail address of this account is not verified")
		}
		stored.recordLatest(RolesChanged, time.Now().UTC().Truncate(time.Microsecond))
		return allowed()
	})
	if err != nil {
		return Account{}, err
	}
	err = a.admins.Update(ctx, func(ids []string) ([]string, error) {
		changed, err := change(slices.Clone(ids))
		if err != nil || slices.Equal(changed, ids) {
			return ids, err
		}
		return changed, allowed()
	})
	if err != nil {
		return Account{}, err
	}
	account, err := a.withRoles(ctx, id, roles)
	if err == nil {
		a.publisher.Try(ctx, account)
	}
	return account, err
}

// check fails if a change of the list of Admins must fail now.
func (a *Accounts) check(ctx context.Context, change func([]string) ([]string, error)) error {
	ids, err := a.admins.List(ctx)
	if err == nil {
		_, err = change(ids)
	}
	return err
}

// withRoles returns an account, if it has these roles. Of two requests that set different roles at the same time, the one
// whose last write is later sees what the other wrote.
func (a *Accounts) withRoles(ctx context.Context, id string, roles []Role) (Account, error) {
	account, err := a.store.Get(ctx, id)
	switch {
	case err != nil:
	case account.Deleted(): // between the two writes
		err = cmp.Or(a.admins.Update(ctx, striking(id)), noAccount())
	case !slices.Equal(account.AllRoles(), roles):
		err = errs.New(errs.Conflict, "somebody else set the roles of this account at the same time; look at them, then decide again")
	}
	return account, err
}
