package domain

import (
	"context"
	"errors"
	"iter"
	"time"

	"stoa/pkg/common/ids"
)

// Archives hands out all that the services keep about an account: asked for with the password, collected in the background,
// fetched once.
type Archives struct {
	store      ArchiveStore
	accounts   *Accounts
	unfinished Unfinished
	sources    []Source
}

// NewArchives returns the archives of these accounts, of what these sources keep.
func NewArchives(store ArchiveStore, accounts *Accounts, unfinished Unfinished, sources ...Source) *Archives {
	return &Archives{store, accounts, unfinished, sources}
}

// Request begins an archive of the account that acts, unless there is one that is not fetched. It fails with errs.Invalid for a
// wrong password, and with errs.RateLimited soon after an archive.
func (a *Archives) Request(ctx context.Context, by Actor, password string) (Archive, error) {
	account, err := a.accounts.confirmed(ctx, by, RequestData, "password", password)
	if err != nil {
		return Archive{}, err
	}
	if _, err := a.unfinished.Add(ctx, account.ID); err != nil { // first, so that no archive is forgotten
		return Archive{}, err
	}
	id, now, entry := ids.New(), time.Now().UTC().Truncate(time.Microsecond), RequestData.entry(account.ID, by.From)
	if err := a.replace(ctx, account.ID, id, now); err != nil {
		return Archive{}, err
	}
	return a.store.Upsert(ctx, account.ID, lasting(ctx, a.accounts.authority, by, entry, func(archive *Archive) error {
		return archive.begin(id, now)
	}))
}

// replace removes the pages of an archive if another one is about to begin: nobody knows them afterwards.
func (a *Archives) replace(ctx context.Context, accountID, id string, now time.Time) error {
	former, err := a.store.Find(ctx, accountID)
	if err != nil {
		return err
	}
	next := former
	if err := next.begin(id, now); err != nil || former.ID == "" || next.ID == former.ID {
		return err
	}
	return a.drop(ctx, former)
}

// drop removes the pages of an archive. One more than it knows may just have been stored.
func (a *Archives) drop(ctx context.Context, archive Archive) error {
	return a.store.Drop(ctx, archive.ID, archive.Pages+1)
}

// Erase removes the archive of an account that is deleted. Who collects it at this moment may store one more page. So it is on the list
// for a while, and collect removes that page.
func (a *Archives) Erase(ctx context.Context, accountID string) error {
	archive, err := a.store.Upsert(ctx, accountID, func(archive *Archive) error {
		if archive.ErasedAt.IsZero() {
			archive.ErasedAt = time.Now().UTC()
		}
		return nil
	})
	if err != nil || archive.ID == "" {
		return err
	}
	if _, err := a.unfinished.Add(ctx, accountID); err != nil {
		return err
	}
	return a.drop(ctx, archive)
}

// Of returns how far the archive of an account is.
func (a *Archives) Of(ctx context.Context, accountID string) (Archive, error) {
	return a.store.Find(ctx, accountID)
}

// Fetch returns the pieces of the archive of the account that acts. The archive is marked as fetched first, and is removed
// when all pieces were taken. It fails with errs.Conflict if it is not ready, or was fetched.
func (a *Archives) Fetch(ctx context.Context, by Actor) (Archive, iter.Seq2[Piece, error], error) {
	account, err := a.accounts.authority.account(ctx, by, FetchData)
	if err != nil {
		return Archive{}, nil, err
	}
	now, entry := time.Now().UTC(), FetchData.entry(account.ID, by.From)
	archive, err := a.store.Upsert(ctx, account.ID, lasting(ctx, a.accounts.authority, by, entry, func(archive *Archive) error {
		return archive.fetch(now)
	}))
	return archive, a.pieces(ctx, archive), err
}

// pieces yields what the pages of an archive have, then drops them.
func (a *Archives) pieces(ctx context.Context, archive Archive) iter.Seq2[Piece, error] {
	return func(yield func(Piece, error) bool) {
		for n := range archive.Pages {
			page, err := a.store.Page(ctx, archive.ID, n)
			if err != nil {
				yield(Piece{}, err)
				return
			}
			for _, piece := range page.Pieces {
				if !yield(piece, nil) {
					return
				}
			}
		}
		_ = a.store.Drop(context.WithoutCancel(ctx), archive.ID, archive.Pages) // they expire anyway
	}
}

// CollectPause is the time between two calls of Collect, each of which reads the store once.
const CollectPause = 5 * time.Second

// Collect carries on the archives that were asked for. A source that does not answer is asked again by the next call.
func (a *Archives) Collect(ctx context.Context) error {
	all, err := a.unfinished.List(ctx)
	if err != nil {
		return err
	}
	var failed error
	for accountID, since := range all {
		failed = errors.Join(failed, a.collect(ctx, accountID, since))
	}
	return failed
}

// collect carries on one archive, until it is ready. For a while, an account stays on the list without one: its archive may be about to
// be stored, or the page of one that is erased.
func (a *Archives) collect(ctx context.Context, accountID string, since time.Time) error {
	archive, err := a.store.Find(ctx, accountID)
	for err == nil && archive.State(time.Now()) == Collecting && archive.Source < len(a.sources) {
		archive, err = a.next(ctx, accountID, archive)
	}
	if err == nil && !archive.ErasedAt.IsZero() {
		err = a.drop(ctx, archive)
	}
	if err != nil || archive.State(time.Now()) == NoArchive && time.Since(since) < beginTime {
		return err
	}
	return a.unfinished.Remove(ctx, accountID, since)
}

// next stores the next page of an archive, and then that it is stored. If another process was first, its page counts.
func (a *Archives) next(ctx context.Context, accountID string, archive Archive) (Archive, error) {
	page, err := a.sources[archive.Source].Page(ctx, accountID, archive.Cursor)
	if err == nil {
		page, err = a.store.Keep(ctx, archive.ID, archive.Pages, page)
	}
	if err != nil {
		return archive, err
	}
	return a.store.Upsert(ctx, accountID, func(stored *Archive) error {
		stored.add(archive.ID, archive.Pages, page, len(a.sources), time.Now().UTC())
		return nil
	})
}
