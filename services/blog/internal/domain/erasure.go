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
}

// LateTime is longer than anything takes that has begun before an account left, and than other services accept its session.
const LateTime = 5 * time.Minute

// Departures knows the latest departures.
type Departures interface {
	Note(ctx context.Context, d Departure) error
	// Recent returns the departures within LateTime.
	Recent(ctx context.Context) ([]Departure, error)
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

// Erase forgets an author, then what the account follows, and takes away the posts that do not stay. What is saved at this moment, by
// a request that began before, is found by CatchUp.
func (e *Erasure) Erase(ctx context.Context, d Departure) error {
	if err := e.authors.Forget(ctx, d.AccountID, d.At); err != nil {
		return err
	}
	if err := e.departures.Note(ctx, d); err != nil {
		return err
	}
	return e.sweep(ctx, d)
}

// CatchUp sweeps again for those who left within LateTime, and erases the texts whose time has come. For an author with thousands of posts
// it takes minutes, so no request should wait for it. Several processes may do this at once.
func (e *Erasure) CatchUp(ctx context.Context) error {
	recent, err := e.departures.Recent(ctx)
	for _, d := range recent {
		err = errors.Join(err, e.sweep(ctx, d))
	}
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
