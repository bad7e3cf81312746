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
	return a.store.Upsert(ctx, account.ID, lasting(ctx, a.accounts.authority, by, entry, func(archive *Archive) error {
		return archive.begin(id, now)
	}))
}

// Erase ends the archive of an account that is deleted. Collect removes its pages, for a while: who collects it at this moment may store one
// more.
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
	_, err = a.unfinished.Add(ctx, accountID)
	return err
}

// Of returns how far the archive of an account is.
func (a *Archives) Of(ctx context.Context, accountID string) (Archive, error) {
	return a.store.Find(ctx, accountID)
}

// Fetch returns the pieces of the archive of the account that acts. The archive counts as fetched when all pieces were taken: until then it
// can be fetched again, but not by two at the same time. Fetch fails with errs.Conflict if it is not ready, or was fetched. The end of ctx
// does not end the pieces: to take them may last longer than a request.
func (a *Archives) Fetch(ctx context.Context, by Actor) (Archive, iter.Seq2[Piece, error], error) {
	account, err := a.accounts.authority.account(ctx, by, FetchData)
	if err != nil {
		return Archive{}, nil, err
	}
	now, entry := time.Now().UTC(), FetchData.entry(account.ID, by.From)
	archive, err := a.store.Upsert(ctx, account.ID, lasting(ctx, a.accounts.authority, by, entry, func(archive *Archive) error {
		return archive.fetch(now)
	}))
	return archive, a.pieces(context.WithoutCancel(ctx), account.ID, archive), err
}

// pieces yields what the pages of an archive have, and an error last if that was not all, or does not count.
func (a *Archives) pieces(ctx context.Context, accountID string, archive Archive) iter.Seq2[Piece, error] {
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
		if err := a.end(ctx, accountID, archive); err != nil {
			yield(Piece{}, err)
		}
	}
}

// end marks an archive as fetched. The account is on the list first, so that Collect removes the pages.
func (a *Archives) end(ctx context.Context, accountID string, archive Archive) error {
	if _, err := a.unfinished.Add(ctx, accountID); err != nil {
		return err
	}
	_, err := a.store.Upsert(ctx, accountID, func(stored *Archive) error { return stored.end(archive, time.Now().UTC()) })
	return err
}

// CollectPause is the time between two calls of Collect, each of which reads the store once.
const CollectPause = 5 * time.Second

// Collect carries on the archives that were asked for, in any order, for a few seconds, and removes the pages of those that nobody needs any
// longer. A source that does not answer is asked again by the next call.
func (a *Archives) Collect(ctx context.Context) error {
	all, err := a.unfinished.List(ctx)
	if err != nil {
		return err
	}
	var failed error
	until := time.Now().Add(CollectPause)
	for accountID, since := range all {
		failed = errors.Join(failed, a.collect(ctx, accountID, since, until))
	}
	return failed
}

// collect carries on one archive, until it is ready or this time has come. An account stays on the list for as long as there may be work
// to do, see Archive.settled.
func (a *Archives) collect(ctx context.Context, accountID string, since, until time.Time) error {
	archive, err := a.store.Find(ctx, accountID)
	if err == nil && len(archive.Former) > 0 {
		archive, err = a.forget(ctx, accountID, archive)
	}
	for err == nil && archive.State(time.Now()) == Collecting && archive.Source < len(a.sources) && time.Now().Before(until) {
		archive, err = a.next(ctx, accountID, archive)
	}
	if err == nil && archive.over() {
		err = a.drop(ctx, archive.stored())
	}
	if err != nil || !archive.settled(since, time.Now()) {
		return err
	}
	return a.unfinished.Remove(ctx, accountID, since)
}

// forget removes the pages of earlier archives of an account.
func (a *Archives) forget(ctx context.Context, accountID string, archive Archive) (Archive, error) {
	if err := a.drop(ctx, archive.Former...); err != nil {
		return archive, err
	}
	return a.store.Upsert(ctx, accountID, func(stored *Archive) error {
		if stored.ID == archive.ID {
			stored.Former = nil
		}
		return nil
	})
}

// drop removes the pages of archives. One more than each knows may just have been stored.
func (a *Archives) drop(ctx context.Context, archives ...Stored) error {
	for _, archive := range archives {
		if err := a.store.Drop(ctx, archive.ID, archive.Pages+1); err != nil {
			return err
		}
	}
	return nil
}

// maxEmpty is how often in a row a source is asked that has nothing yet: a service may look through what it keeps about everybody.
const maxEmpty = 100

// ask returns the next page of an archive that has something. One without anything is the last of its source, or says where to go on
// after so many.
func (a *Archives) ask(ctx context.Context, accountID string, archive Archive) (page ArchivePage, err error) {
	page.Next = archive.Cursor
	for range maxEmpty {
		page, err = a.sources[archive.Source].Page(ctx, accountID, page.Next)
		if err != nil || len(page.Pieces) > 0 || page.Next == "" {
			break
		}
	}
	return page, err
}

// next stores the next page of an archive, and then that it is stored. If another process was first, its page counts.
func (a *Archives) next(ctx context.Context, accountID string, archive Archive) (Archive, error) {
	page, err := a.ask(ctx, accountID, archive)
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
