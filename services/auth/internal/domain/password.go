package domain

import (
	"context"
	"strconv"
	"time"

	"stoa/pkg/common/errs"
)

// PasswordChange is the password that somebody has, and the one that they choose.
type PasswordChange struct{ Current, New string }

// check says what is wrong with the password that was chosen.
func (c PasswordChange) check() error {
	faults := checkPassword("new", c.New)
	if len(faults) == 0 && c.Current == c.New {
		faults = []errs.Field{{Name: "new", Problem: "must differ from the current password"}}
	}
	return errs.InvalidFields(faults...)
}

// ChangePassword gives an account another password and ends all sessions but the one that asks for it. A wrong current
// password is errs.Invalid and counts like a failed sign-in.
func (a *Accounts) ChangePassword(ctx context.Context, of Session, change PasswordChange, from Client) error {
	if err := change.check(); err != nil {
		return err
	}
	account, err := a.store.Get(ctx, of.AccountID)
	if err != nil {
		return err
	}
	wrong := errs.InvalidField("current", "is not the password of this account")
	if err := a.prove(ctx, account.Email, account, change.Current, from, wrong); err != nil {
		return err
	}
	hash, err := a.passwords.Hash(ctx, change.New)
	if err != nil {
		return err
	}
	known := account.PasswordHash
	account, err = a.store.Update(ctx, account.ID, func(stored *Account) error {
		if stored.PasswordHash != known || !stored.Admits(of) {
			return errs.New(errs.Conflict, "the password was changed by somebody else in the meantime")
		}
		stored.PasswordHash = hash
		stored.endOthers(of.ID)
		stored.announce(Announcement{Fact: PasswordChanged, Cause: strconv.Itoa(stored.Epoch), At: time.Now().UTC()})
		return nil
	})
	if err != nil {
		return err
	}
	a.announcer.Try(ctx, account)
	return nil
}
