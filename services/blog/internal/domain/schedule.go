package domain

import (
	"context"
	"errors"
	"fmt"
	"time"

	"stoa/pkg/common/backlog"
)

// catchUpTime bounds one run of CatchUp. Those of posts and of comments are called together every ten seconds
// (components/topology.yaml), and have to leave tagTime of them to Tagging.
const catchUpTime = 3 * time.Second

// catchUpPage is how many of a list CatchUp reads at once.
const catchUpPage = 100

// CatchUp publishes the posts whose time has come, and the events that were not published when they happened. Then it does what nobody
// waits for: it counts tags, and puts posts into the index. Several processes may do this at once.
func (r *Review) CatchUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, catchUpTime)
	defer cancel()
	now := time.Now().UTC().Truncate(time.Microsecond)
	finish := func(ctx context.Context, id string) error { return about("post", id, r.finish(ctx, id, now)) }
	var others []string
	failed := backlog.Each(ctx, r.listed(Unfinished), func(ctx context.Context, p Post) error {
		switch {
		case p.timeHasCome(now) || len(p.Events) > 0:
			return finish(ctx, p.ID)
		case p.pending(): // most wait for a time that is months ahead
			others = append(others, p.ID)
		}
		return nil
	})
	return errors.Join(failed, backlog.Each(ctx, func(context.Context, string) ([]string, string, error) { return others, "", nil }, finish))
}

// listed returns the posts of a list.
func (w *Workflow) listed(list string) backlog.List[Post] {
	return func(ctx context.Context, cursor string) ([]Post, string, error) {
		return w.Posts.List(ctx, list, cursor, catchUpPage)
	}
}

// timeHasCome reports whether what an editor has approved for a time is to be published.
func (p *Post) timeHasCome(now time.Time) bool {
	return p.Submitted.Scheduled() && !p.Submitted.PublishAt.After(now)
}

func about(kind, id string, err error) error {
	if err != nil {
		return fmt.Errorf("the %s %s: %w", kind, id, err)
	}
	return nil
}

// finish publishes a post if its time has come, and the events of the post.
func (r *Review) finish(ctx context.Context, id string, now time.Time) error {
	_, err := r.change(ctx, id, now, func(post Post) (func(*Post) error, error) {
		if !post.timeHasCome(now) {
			return nil, nil
		}
		return r.publishing(ctx, post, Intent{By: post.Submitted.Editor, Now: now})
	})
	return err
}
