package domain

import (
	"context"
	"errors"
	"time"

	"stoa/pkg/common/backlog"
)

// Departure says that an account was deleted.
type Departure struct {
	AccountID string
	// KeepPosts says that its published posts stay.
	KeepPosts bool
	// At is when. Only Erase needs it.
	At time.Time
	// NotedAt is when it was noted.
	NotedAt time.Time
}

// LateTime is longer than anything takes that has begun before an account left, and than other services accept its session.
const LateTime = 5 * time.Minute

// Departures knows who has left.
type Departures interface {
	// Note notes a departure, unless it is known.
	Note(ctx context.Context, d Departure) error
	// Recent returns the departures that are not settled.
	Recent(ctx context.Context) ([]Departure, error)
	// Settle notes that all was found of these accounts.
	Settle(ctx context.Context, accountIDs []string) error
}

// Erasure forgets authors who have deleted their account, and whom they follow. Comments need nothing: they have only the id of
// their author.
type Erasure struct {
	*Workflow
	authors    *Authors
	departures Departures
}

// NewErasure returns the Erasure of the authors and the posts of a workflow.
func NewErasure(workflow *Workflow, departures Departures) *Erasure {
	return &Erasure{workflow, NewAuthors(workflow.Authors), departures}
}

// Erase forgets an author. What the account follows, and the posts that do not stay, are left to CatchUp.
func (e *Erasure) Erase(ctx context.Context, d Departure) error {
	if err := e.authors.Forget(ctx, d.AccountID, d.At); err != nil {
		return err
	}
	return e.departures.Note(ctx, d)
}

// CatchUp takes away what those follow and have written who have left, and erases the texts whose time has come. For an author with
// thousands of posts it takes minutes, so neither a request nor an event should wait for it. Several processes may do this at once.
//
// An account is settled when a sweep that began LateTime after its departure has come to its end: it has found what was saved at that moment,
// by requests that began before.
func (e *Erasure) CatchUp(ctx context.Context) error {
	began := time.Now()
	recent, err := e.departures.Recent(ctx)
	var late []string
	for _, d := range recent {
		switch failed := e.sweep(ctx, d); {
		case failed != nil:
			err = errors.Join(err, failed)
		case began.Sub(d.NotedAt) > LateTime:
			late = append(late, d.AccountID)
		}
	}
	err = errors.Join(err, e.departures.Settle(ctx, late))
	return errors.Join(err, backlog.Each(ctx, e.listed(Erasing), func(ctx context.Context, p Post) error {
		now := time.Now().UTC().Truncate(time.Microsecond)
		if !p.erasureDue(now) {
			return nil
		}
		return about("post", p.ID, e.eraseTexts(ctx, p.ID, now))
	}))
}

func (e *Erasure) sweep(ctx context.Context, d Departure) error {
	lists := []string{DraftsOf(d.AccountID), SubmissionsOf(d.AccountID)}
	if !d.KeepPosts {
		lists = append(lists, PublishedBy(d.AccountID))
	}
	failed := e.unfollow(ctx, d.AccountID, func(all *Following) { all.Follows = nil })
	for _, list := range lists {
		failed = errors.Join(failed, backlog.Each(ctx, e.listed(list), func(ctx context.Context, p Post) error {
			return about("post", p.ID, e.abandon(ctx, p.ID, d))
		}))
	}
	return failed
}

// abandon takes away a post, or what of it is not published.
func (e *Erasure) abandon(ctx context.Context, id string, d Departure) error {
	now := time.Now().UTC().Truncate(time.Microsecond)
	post, err := e.change(ctx, id, now, func(post Post) (func(*Post) error, error) {
		unfinished := post.Draft != nil || post.Submitted != nil
		if post.Deleted() || post.AuthorID != d.AccountID || d.KeepPosts && post.Published != nil && !unfinished {
			return nil, nil
		}
		return func(p *Post) error { p.abandon(Intent{By: d.AccountID, Now: now}, d.KeepPosts); return nil }, nil
	})
	if err == nil && post.erasureDue(now) {
		err = e.eraseTexts(ctx, id, now)
	}
	return err
}

// erasureDue reports whether the texts of the post are to be erased now.
func (p *Post) erasureDue(now time.Time) bool { return !p.EraseAt.IsZero() && !p.EraseAt.After(now) }

// eraseTexts removes the texts of a post that is deleted, and notes last that they are gone: until then, the schedule does it.
func (w *Workflow) eraseTexts(ctx context.Context, id string, now time.Time) error {
	for revisions, err := range w.Revisions.All(ctx, id) {
		if err != nil {
			return err
		}
		for _, revision := range revisions {
			err := w.Articles.Erase(ctx, id, revision.Number)
			if err == nil {
				err = w.Revisions.Erase(ctx, id, revision.Number)
			}
			if err != nil {
				return err
			}
		}
	}
	_, err := w.change(ctx, id, now, func(Post) (func(*Post) error, error) {
		return func(p *Post) error { p.erased(now); return nil }, nil
	})
	return err
}
