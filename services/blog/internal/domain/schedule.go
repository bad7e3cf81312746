package domain

import (
	"context"
	"errors"
	"fmt"
	"time"

	"stoa/pkg/common/errs"
)

// catchUpTime bounds one run of CatchUp. Those of posts and of comments are called together every ten seconds
// (components/topology.yaml), and have to leave tagTime of them to Tagging.
const catchUpTime = 3 * time.Second

// catchUpPage is how many of a list CatchUp reads at once.
const catchUpPage = 100

// CatchUp publishes the posts whose time has come, and the events that were not published when they happened. Several processes
// may do this at once.
func (r *Review) CatchUp(ctx context.Context) error {
	return catchUp(ctx, func(ctx context.Context, cursor string) ([]Post, string, error) {
		return r.Posts.List(ctx, Unfinished, cursor, catchUpPage)
	}, func(ctx context.Context, p Post) error {
		now := time.Now().UTC().Truncate(time.Microsecond)
		if !p.due(now) { // most wait for a time that is months ahead
			return nil
		}
		return about("post", p.ID, r.finish(ctx, p.ID, now))
	})
}

// due reports whether there is something to finish: the time of the post has come, or an event, a tag, the index or its erasure
// waits.
func (p *Post) due(now time.Time) bool { return p.pending() || p.erasureDue(now) || p.timeHasCome(now) }

// erasureDue reports whether the texts of the post are to be erased now.
func (p *Post) erasureDue(now time.Time) bool { return !p.EraseAt.IsZero() && !p.EraseAt.After(now) }

// timeHasCome reports whether what an editor has approved for a time is to be published.
func (p *Post) timeHasCome(now time.Time) bool {
	return p.Submitted.Scheduled() && !p.Submitted.PublishAt.After(now)
}

// catchUp finishes all that is on a list, for a while. What fails for a reason of its own holds up nothing else.
func catchUp[T any](
	ctx context.Context, list func(ctx context.Context, cursor string) ([]T, string, error), finish func(context.Context, T) error,
) error {
	ctx, cancel := context.WithTimeout(ctx, catchUpTime)
	defer cancel()
	var failed error
	for cursor, more := "", true; more; more = cursor != "" {
		all, next, err := list(ctx, cursor)
		if err != nil {
			return errors.Join(failed, err)
		}
		for _, one := range all {
			err := finish(ctx, one)
			failed = errors.Join(failed, err)
			if errs.Is(err, errs.Unavailable) {
				return failed
			}
		}
		cursor = next
	}
	return failed
}

func about(kind, id string, err error) error {
	if err != nil {
		return fmt.Errorf("the %s %s: %w", kind, id, err)
	}
	return nil
}

// finish publishes a post if its time has come, and the events of the post.
func (r *Review) finish(ctx context.Context, id string, now time.Time) error {
	post, err := r.change(ctx, id, now, func(post Post) (func(*Post) error, error) {
		if !post.timeHasCome(now) {
			return nil, nil
		}
		return r.publishing(ctx, post, Intent{By: post.Submitted.Editor, Now: now})
	})
	if err == nil && post.erasureDue(now) {
		err = r.eraseTexts(ctx, post.ID, now)
	}
	return err
}
