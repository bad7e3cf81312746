package domain

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"stoa/pkg/common/errs"
)

// OpenOrders knows the orders of accounts.
type OpenOrders interface {
	// OpenOf returns the orders of an account that are neither shipped nor ended.
	OpenOf(ctx context.Context, accountID string) (orderIDs []string, err error)
}

// Unfinished lists the accounts for which something is under way. An account is on it before that is stored.
type Unfinished interface {
	// Add puts an account on the list, and returns since when it is there: since now, also if it was there before.
	Add(ctx context.Context, accountID string) (since time.Time, err error)
	// List returns all accounts, with the time since when each is there.
	List(ctx context.Context) (map[string]time.Time, error)
	// Remove takes an account off the list, unless it was added again since.
	Remove(ctx context.Context, accountID string, since time.Time) error
}

// beginTime is longer than a request takes from the list to what it stores.
const beginTime = time.Minute

// Deletions deletes accounts, in the order of writes of docs/decisions/0040: each may be the last of a process, and another one
// carries on.
type Deletions struct {
	accounts   *Accounts
	sessions   SessionStore
	archives   *Archives
	orders     OpenOrders
	unfinished Unfinished
}

// NewDeletions returns the deletions of these accounts.
func NewDeletions(
	accounts *Accounts, sessions SessionStore, archives *Archives, orders OpenOrders, unfinished Unfinished,
) *Deletions {
	return &Deletions{accounts, sessions, archives, orders, unfinished}
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
	if err := d.accounts.check(ctx, d.accounts.removing(ctx, account.ID)); err != nil {
		return nil, err
	}
	since, err := d.unfinished.Add(ctx, account.ID)
	if err != nil {
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
	// Nobody can ask again, so this goes on without the caller. What fails is done by the schedule.
	ctx = context.WithoutCancel(ctx)
	erased, err := d.erase(ctx, closed)
	if errs.Is(err, errs.Conflict) {
		return nil, err
	}
	if err == nil {
		_ = d.finish(ctx, erased, since)
	}
	return open, nil
}

// CatchUp finishes the deletions that were interrupted.
func (d *Deletions) CatchUp(ctx context.Context) error {
	all, err := d.unfinished.List(ctx)
	if err != nil {
		return err
	}
	var failed error
	for _, id := range slices.Sorted(maps.Keys(all)) {
		err := d.resume(ctx, id, all[id])
		if failed = errors.Join(failed, err); errs.Is(err, errs.Unavailable) {
			break
		}
	}
	return failed
}

// resume finishes the deletion of an account. One that is not closed by now will not be: its request has died, or was refused.
func (d *Deletions) resume(ctx context.Context, id string, since time.Time) error {
	account, err := d.accounts.store.Get(ctx, id)
	switch {
	case errs.Is(err, errs.NotFound):
		return d.unfinished.Remove(ctx, id, since)
	case err != nil:
		return err
	case !account.Deleted():
		if time.Since(since) < beginTime {
			return nil
		}
		return d.unfinished.Remove(ctx, id, since)
	}
	account, err = d.erase(ctx, account)
	if errs.Is(err, errs.Conflict) { // it is open again
		return nil
	}
	if err != nil {
		return err
	}
	return d.finish(ctx, account, since)
}

// erase erases an account that is closed. It fails with errs.Conflict for the last ADMIN, whose account it opens again, and for an
// account that another process has opened again meanwhile.
func (d *Deletions) erase(ctx context.Context, account Account) (Account, error) {
	last := d.accounts.admins.Update(ctx, d.accounts.removing(ctx, account.ID))
	if last != nil && !errs.Is(last, errs.Conflict) {
		return Account{}, last
	}
	changed, err := d.accounts.store.Update(ctx, account.ID, func(stored *Account) error {
		if last == nil {
			return stored.erase()
		}
		stored.reopen()
		return nil
	})
	switch {
	case err == nil && changed.Deleted(): // perhaps by another process, which found another ADMIN
		return changed, nil
	case err == nil || errs.Is(err, errs.Conflict): // it is open again
		return Account{}, cmp.Or(d.keepAdmin(ctx, changed), last, err)
	}
	return Account{}, err
}

// keepAdmin gives the role ADMIN back to an account that is open again: another process, which found that another ADMIN is left, may have
// taken it meanwhile.
func (d *Deletions) keepAdmin(ctx context.Context, account Account) error {
	if !account.AdminCandidate {
		return nil
	}
	return d.accounts.admins.Update(ctx, adding(account.ID))
}

// finish publishes the event of an account that is erased, and erases what auth knows beside it.
func (d *Deletions) finish(ctx context.Context, account Account, since time.Time) error {
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
	return d.unfinished.Remove(ctx, account.ID, since)
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
