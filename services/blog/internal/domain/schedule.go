package domain

import (
	"context"
	"errors"
	"fmt"
	"time"

	"stoa/pkg/common/errs"
)

// catchUpTime bounds one run of CatchUp. It is called every ten seconds (components/topology.yaml), and has to leave tagTime of
// them to Tagging.
const catchUpTime = 6 * time.Second

// catchUpPage is how many posts CatchUp reads at once.
const catchUpPage = 100

// CatchUp publishes the posts whose time has come, and the events that were not published when they happened. A post that
// fails for a reason of its own holds up no other. Several processes may do this at once.
func (r *Review) CatchUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, catchUpTime)
	defer cancel()
	var failed error
	for cursor, more := "", true; more; more = cursor != "" {
		posts, next, err := r.Posts.List(ctx, Unfinished, cursor, catchUpPage)
		if err != nil {
			return errors.Join(failed, err)
		}
		for _, p := range posts {
			err := r.finish(ctx, p.ID)
			if err != nil {
				failed = errors.Join(failed, fmt.Errorf("the post %s: %w", p.ID, err))
			}
			if errs.Is(err, errs.Unavailable) {
				return failed
			}
		}
		cursor = next
	}
	return failed
}

// finish publishes a post if its time has come, and the events of the post.
func (r *Review) finish(ctx context.Context, id string) error {
	now := time.Now().UTC().Truncate(time.Microsecond)
	_, err := r.change(ctx, id, now, func(post Post) (func(*Post) error, error) {
		if !post.Submitted.Scheduled() || post.Submitted.PublishAt.After(now) {
			return nil, nil
		}
		return r.publishing(ctx, post, Intent{By: post.Submitted.Editor, Now: now})
	})
	return err
}
