package domain

import (
	"context"
	"errors"
	"slices"
	"time"

	"stoa/pkg/common/errs"
)

// OpenOrders knows the orders of accounts.
type OpenOrders interface {
	// OpenOf returns the orders of an account that are neither shipped nor ended.
	OpenOf(ctx context.Context, accountID string) (orderIDs []string, err error)
}

// Unfinished lists the accounts whose deletion is under way. An account is on it before it is closed.
type Unfinished interface {
	Add(ctx context.Context, accountID string) error
	List(ctx context.Context) (accountIDs []string, err error)
	Remove(ctx context.Context, accountIDs []string) error
}

// Deletions deletes accounts, in the order of writes of docs/decisions/0040: each may be the last of a process, and another one
// carries on.
type Deletions struct {
	accounts   *Accounts
	sessions   SessionStore
	archives   ArchiveStore
	orders     OpenOrders
	unfinished Unfinished
	// unused has the accounts on the list that are not closed, with the time since when this process knows.
	unused map[string]time.Time
}

// NewDeletions returns the deletions of these accounts.
func NewDeletions(
	accounts *Accounts, sessions SessionStore, archives ArchiveStore, orders OpenOrders, unfinished Unfinished,
) *Deletions {
	return &Deletions{accounts, sessions, archives, orders, unfinished, map[string]time.Time{}}
}

// DeleteOwn deletes the account that acts, and returns its orders that are cancelled. It fails with errs.Invalid for a wrong
// password, and with errs.Conflict if orders are in the way, or for the last ADMIN.
func (d *Deletions) DeleteOwn(ctx context.Context, by Actor, password string, wish DeletionWish) (cancelled []string, err error) {
	account, err := d.accounts.confirmed(ctx, by, DeleteAccount, "password", password)
	if err != nil {
		return nil, err
	}
	return d.delete(ctx, by, DeleteAccount.entry(account.ID, by.From), account, wish)
}

// Delete deletes the account of somebody else. Only an ADMIN may. It fails with errs.Conflict as DeleteOwn does.
func (d *Deletions) Delete(ctx context.Context, by Actor, id string, wish DeletionWish) (cancelled []string, err error) {
	admin, err := d.accounts.authority.account(ctx, by, DeleteUser)
	if err != nil {
		return nil, err
	}
	if admin.ID == id {
		return nil, errs.New(errs.Conflict, "this is your own account: use DELETE /api/v1/auth/profile/mine, with your password")
	}
	account, err := d.accounts.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	return d.delete(ctx, by, DeleteUser.entry(admin.ID, by.From).about(id, ""), account, wish)
}

func (d *Deletions) delete(
	ctx context.Context, by Actor, entry Entry, account Account, wish DeletionWish,
) (cancelled []string, err error) {
	open, err := d.orders.OpenOf(ctx, account.ID)
	switch {
	case err != nil:
		return nil, err
	case len(open) > 0 && !wish.CancelOrders:
		return nil, inTheWay(open)
	}
	if err := d.accounts.check(ctx, d.withoutAdmin(ctx, account.ID)); err != nil {
		return nil, err
	}
	if err := d.unfinished.Add(ctx, account.ID); err != nil {
		return nil, err
	}
	now := time.Now().UTC().Truncate(time.Microsecond)
	closed, err := d.accounts.store.Update(ctx, account.ID, lasting(ctx, d.accounts.authority, by, entry, func(stored *Account) error {
		stored.close(wish.Posts, now)
		return nil
	}))
	if err != nil {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx) // nobody can ask again
	erased, err := d.erase(ctx, closed)
	if err != nil {
		return nil, err
	}
	_ = d.finish(ctx, erased) // if it fails, the schedule does it
	return open, nil
}

// CatchUp finishes the deletions that were interrupted.
func (d *Deletions) CatchUp(ctx context.Context) error {
	all, err := d.unfinished.List(ctx)
	if err != nil {
		return err
	}
	var failed error
	for _, id := range all {
		err := d.resume(ctx, id)
		if failed = errors.Join(failed, err); errs.Is(err, errs.Unavailable) {
			break
		}
	}
	return failed
}

// beginTime is longer than a request takes from the list to the account.
const beginTime = time.Minute

// resume finishes the deletion of an account, unless it is not closed, and was not for so long that its request has died.
func (d *Deletions) resume(ctx context.Context, id string) error {
	account, err := d.accounts.store.Get(ctx, id)
	switch {
	case errs.Is(err, errs.NotFound):
		return d.unfinished.Remove(ctx, []string{id})
	case err != nil:
		return err
	case !account.Deleted():
		since, known := d.unused[id]
		if !known {
			d.unused[id] = time.Now()
			return nil
		}
		if time.Since(since) < beginTime {
			return nil
		}
		delete(d.unused, id)
		return d.unfinished.Remove(ctx, []string{id})
	}
	delete(d.unused, id)
	account, err = d.erase(ctx, account)
	if errs.Is(err, errs.Conflict) { // it is open again
		return nil
	}
	if err != nil {
		return err
	}
	return d.finish(ctx, account)
}

// erase erases an account that is closed. It fails with errs.Conflict for the last ADMIN, whose account it opens again.
func (d *Deletions) erase(ctx context.Context, account Account) (Account, error) {
	err := d.accounts.admins.Update(ctx, d.withoutAdmin(ctx, account.ID))
	if errs.Is(err, errs.Conflict) {
		if _, undo := d.accounts.store.Update(ctx, account.ID, func(stored *Account) error {
			stored.reopen()
			return nil
		}); undo != nil {
			return Account{}, undo
		}
		return Account{}, err
	}
	if err != nil {
		return Account{}, err
	}
	return d.accounts.store.Update(ctx, account.ID, (*Account).erase)
}

// withoutAdmin returns the change of the list of Admins that removes an account, unless no other one would be left that stays.
func (d *Deletions) withoutAdmin(ctx context.Context, id string) func([]string) ([]string, error) {
	return func(ids []string) ([]string, error) {
		if !slices.Contains(ids, id) {
			return ids, nil
		}
		others := slices.DeleteFunc(slices.Clone(ids), func(listed string) bool { return listed == id })
		for _, other := range others {
			account, err := d.accounts.store.Get(ctx, other)
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

// finish publishes the event of an account that is erased, and erases what auth knows beside it.
func (d *Deletions) finish(ctx context.Context, account Account) error {
	if err := d.accounts.publisher.flush(ctx, account); err != nil {
		return err
	}
	err := errors.Join(d.sessions.Erase(ctx, account.ID), d.archives.Erase(ctx, account.ID))
	if err == nil && account.Deletion.EmailKey != "" {
		err = d.eraseAddress(ctx, account)
	}
	if err != nil {
		return err
	}
	if _, err = d.accounts.store.Update(ctx, account.ID, func(stored *Account) error {
		stored.Deletion.EmailKey, stored.Deletion.Done = "", true
		return nil
	}); err != nil {
		return err
	}
	return d.unfinished.Remove(ctx, []string{account.ID})
}

// eraseAddress erases what is known of an address. That of a first account stays taken, because the secret that it comes from
// would make the account again.
func (d *Deletions) eraseAddress(ctx context.Context, account Account) error {
	key := account.Deletion.EmailKey
	_, err := d.accounts.attempts.Upsert(ctx, key, func(t *Attempts) error {
		*t = Attempts{}
		return nil
	})
	if err != nil || account.First {
		return err
	}
	return d.accounts.store.Release(ctx, key, account.ID)
}
