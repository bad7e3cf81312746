package domain

import (
	"context"
	"errors"

	"stoa/pkg/common/backlog"
	"stoa/pkg/common/errs"
)

// CatchUp brings the counts up to date, and publishes the events, of comments whose requests did not come to their end. Several
// processes may do this at once.
func (d *Discussion) CatchUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, catchUpTime)
	defer cancel()
	return backlog.Each(ctx, func(ctx context.Context, cursor string) ([]Comment, string, error) {
		return d.Comments.List(ctx, Unfinished, cursor, catchUpPage, func(c Comment) bool { return c.Unfinished() })
	}, func(ctx context.Context, listed Comment) error {
		c, err := d.Comments.Get(ctx, listed.ID) // an editor may have taken it away since
		if err == nil {
			_, err = d.finish(ctx, c)
		}
		return about("comment", listed.ID, err)
	})
}

// finish makes post and thread count a comment as it was read, publishes its event, and notes both in the comment: the first
// also while the broker is down, because the counts remember the comment until then. If it fails, the comment is stored all the
// same: the same request again, or the schedule, finishes it.
func (d *Discussion) finish(ctx context.Context, c Comment) (Comment, error) {
	if !c.Unfinished() {
		return c, nil
	}
	if err := d.count(ctx, c); err != nil {
		return c, err
	}
	unpublished := d.publish(ctx, c)
	finished, err := d.Comments.Update(ctx, c.ID, func(stored *Comment) error {
		if stored.Counted.Version < c.Version {
			stored.Counted = c.countedAs()
		}
		if unpublished == nil && c.Addition != nil {
			stored.Addition = nil
		}
		return nil
	})
	switch {
	case unpublished != nil:
		return c, unpublished
	case errs.Is(err, errs.Unavailable):
		return c, nil // all is done, and the schedule will find that out
	}
	return finished, err
}

// errSettled says that a count has a comment already.
var errSettled = errors.New("it is counted")

// count makes the counts of the post and the thread take the latest change of a comment.
func (d *Discussion) count(ctx context.Context, c Comment) error {
	if c.Counted.Version == c.Version {
		return nil
	}
	_, err := d.Posts.Update(ctx, c.PostID, func(p *Post) error { return d.settle(ctx, &p.Comments, c.ID) })
	if c.ReplyTo != "" && (err == nil || errors.Is(err, errSettled)) {
		_, err = d.Comments.Update(ctx, c.ReplyTo, func(root *Comment) error { return d.settle(ctx, &root.Replies, c.ID) })
	}
	if errors.Is(err, errSettled) {
		return nil
	}
	return err
}

// settle reads the comments after the count: see Count.
func (d *Discussion) settle(ctx context.Context, count *Count, changed string) error {
	comments, err := d.Comments.GetEach(ctx, count.unsettled(changed))
	if err == nil && !count.settle(comments) {
		err = errSettled
	}
	return err
}

// publish publishes the event of a comment, with the names and addresses of now.
func (d *Discussion) publish(ctx context.Context, c Comment) error {
	if c.Addition == nil {
		return nil
	}
	authors, err := d.authorsOf(ctx, append([]string{c.AuthorID}, c.Addition.Recipients...))
	if err != nil {
		return err
	}
	recipients := make([]Author, len(c.Addition.Recipients))
	for i, id := range c.Addition.Recipients {
		recipients[i] = authors(id)
	}
	return d.bus.PublishComment(ctx, c, authors(c.AuthorID), recipients)
}
