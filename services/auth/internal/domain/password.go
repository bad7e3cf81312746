package domain

import (
	"context"
	"strconv"
	"time"

	"stoa/pkg/common/errs"
)

// PasswordChange is the input of ChangePassword.
type PasswordChange struct{ Current, New string }

// check returns what is wrong with the new password.
func (c PasswordChange) check() error {
	faults := checkNewPassword("new", c.New)
	if len(faults) == 0 && c.Current == c.New {
		faults = []errs.Field{{Name: "new", Problem: "must differ from the current password"}}
	}
	return errs.InvalidFields(faults...)
}

// ChangePassword changes the password of the account that acts, and ends its other sessions. A wrong current password fails
// with errs.Invalid, and counts as an attempt to sign in.
func (a *Accounts) ChangePassword(ctx context.Context, by Actor, change PasswordChange) error {
	if err := change.check(); err != nil {
		return err
	}
	account, err := a.confirmed(ctx, by, ChangePassword, "current", change.Current)
	if err != nil {
		return err
	}
	hash, err := a.passwords.Hash(ctx, account.origin(by.From), change.New)
	if err != nil {
		return err
	}
	entry := ChangePassword.entry(account.ID, by.From)
	return a.publisher.update(ctx, account.ID, lasting(ctx, a.authority, by, entry, func(stored *Account) error {
		if stored.PasswordHash != account.PasswordHash {
			return errs.New(errs.Conflict, "the password was changed by another session in the meantime")
		}
		stored.PasswordHash, stored.Links = hash, nil
		stored.endOthers(by.SessionID)
		stored.record(Event{Type: PasswordChanged, Cause: strconv.Itoa(stored.Epoch), At: time.Now().UTC()})
		return nil
	}))
}

// confirmed returns the account that acts, if this is its password. It fails with errs.Invalid, which names the field, if it is
// not, and counts that as an attempt to sign in.
func (a *Accounts) confirmed(ctx context.Context, by Actor, act Act, field, password string) (Account, error) {
	account, err := a.authority.account(ctx, by, act)
	if err != nil {
		return Account{}, err
	}
	wrong := errs.InvalidField(field, "is not the password of this account")
	return account, a.verify(ctx, act, account.Email, account, password, by.From, wrong)
}
