package domain

import (
	"context"
	"slices"

	"stoa/pkg/common/errs"
)

// Reported returns a page of the comments that readers have reported, the latest first, until an editor decides.
func (d *Discussion) Reported(ctx context.Context, cursor string, limit int) ([]Contribution, string, error) {
	return d.moderated(ctx, Reported, cursor, limit)
}

// Moderated returns a page of the comments that editors have decided about.
func (d *Discussion) Moderated(ctx context.Context, cursor string, limit int) ([]Contribution, string, error) {
	return d.moderated(ctx, Moderated, cursor, limit)
}

func (d *Discussion) moderated(ctx context.Context, list, cursor string, limit int) ([]Contribution, string, error) {
	comments, next, err := d.Comments.List(ctx, list, cursor, limit, func(c Comment) bool { return slices.Contains(c.Lists(), list) })
	if err != nil {
		return nil, "", err
	}
	shown, err := d.showAll(ctx, comments)
	return shown, next, err
}

// Moderate hides a comment, removes it, or shows it again. The note of the intent says why, and is kept.
func (d *Discussion) Moderate(ctx context.Context, id string, state CommentState, intent Intent) (Contribution, error) {
	if !slices.Contains([]CommentState{CommentVisible, CommentHidden, CommentRemoved}, state) {
		return Contribution{}, errs.InvalidField("state", "must be visible, hidden or removed")
	}
	c, err := d.Comments.Update(ctx, id, func(c *Comment) error { return c.moderate(state, intent) })
	if err == nil {
		c, err = d.finish(ctx, c)
	}
	if err != nil {
		return Contribution{}, err
	}
	return d.show(ctx, c)
}
