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

// repeatTime is how long a request that sets a password can be repeated: callers, sidecars and impatient people send it again if the
// answer is lost or late.
const repeatTime = time.Minute

// PasswordSet is when the password was last set, and by what: the id of a session, or the hash of a link.
type PasswordSet struct {
	By string    `json:"by"`
	At time.Time `json:"at"`
}

// setPassword sets the password, and makes all links void. Their requests stay known: one that is looked at again mails no other link.
func (a *Account) setPassword(hash, by string, now time.Time) {
	a.PasswordHash, a.PasswordSet = hash, PasswordSet{by, now}
	for i := range a.Links {
		a.Links[i].Hash = ""
	}
}

// hasSet reports whether this is the password that a session or a link has set a moment ago. It counts as an attempt to sign in.
func (a *Accounts) hasSet(ctx context.Context, accountID, by, password string, from Client) (bool, error) {
	account, err := a.Get(ctx, accountID)
	switch set := account.PasswordSet; {
	case errs.Is(err, errs.NotFound), err == nil && (set.By != by || time.Since(set.At) >= repeatTime):
		return false, nil
	case err != nil:
		return false, err
	}
	err = a.compare(ctx, account.Email, account, password, from, errs.New(errs.Invalid, "this is another password"))
	if errs.Is(err, errs.Invalid) {
		return false, nil
	}
	return err == nil, err
}

// ChangePassword changes the password of the account that acts, and ends its other sessions. A wrong current password fails
// with errs.Invalid, and counts as an attempt to sign in. A request that is repeated within a moment finds that it is done.
func (a *Accounts) ChangePassword(ctx context.Context, by Actor, change PasswordChange) error {
	if err := change.check(); err != nil {
		return err
	}
	account, err := a.authority.account(ctx, by, ChangePassword)
	if err != nil {
		return err
	}
	if done, err := a.hasSet(ctx, account.ID, by.SessionID, change.New, by.From); done || err != nil {
		return err
	}
	err = a.changePassword(ctx, by, change)
	if errs.Is(err, errs.Conflict) || errs.Is(err, errs.Invalid) { // another request came first
		if done, _ := a.hasSet(ctx, account.ID, by.SessionID, change.New, by.From); done {
			return nil
		}
	}
	return err
}

func (a *Accounts) changePassword(ctx context.Context, by Actor, change PasswordChange) error {
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
		now := time.Now().UTC()
		stored.setPassword(hash, by.SessionID, now)
		stored.endOthers(by.SessionID)
		stored.record(Event{Type: PasswordChanged, Cause: strconv.Itoa(stored.Epoch), At: now})
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
