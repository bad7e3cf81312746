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

// ChangePassword changes the password of a session's account, and ends the account's other sessions. A wrong current
// password fails with errs.Invalid, and counts as an attempt to sign in.
func (a *Accounts) ChangePassword(ctx context.Context, session Session, change PasswordChange, from Client) error {
	if err := change.check(); err != nil {
		return err
	}
	account, err := a.store.Get(ctx, session.AccountID)
	if err != nil {
		return err
	}
	wrong := errs.InvalidField("current", "is not the password of this account")
	if err := a.verify(ctx, account.Email, account, change.Current, from, wrong); err != nil {
		return err
	}
	hash, err := a.passwords.Hash(ctx, change.New)
	if err != nil {
		return err
	}
	return a.publisher.update(ctx, account.ID, func(stored *Account) error {
		if stored.PasswordHash != account.PasswordHash || !stored.Admits(session) {
			return errs.New(errs.Conflict, "the password was changed by another session in the meantime")
		}
		stored.PasswordHash = hash
		stored.endOthers(session.ID)
		stored.record(Event{Type: PasswordChanged, Cause: strconv.Itoa(stored.Epoch), At: time.Now().UTC()})
		return nil
	})
}
