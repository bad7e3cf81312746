package domain

import (
	"context"
	"slices"
	"time"

	"stoa/pkg/common/errs"
)

// Review is what editors do with the posts that authors have submitted.
type Review struct{ *Workflow }

// NewReview returns the editors' side of a workflow.
func NewReview(workflow *Workflow) *Review { return &Review{workflow} }

// maxDelay is how far ahead a post can be scheduled.
const maxDelay = 366 * 24 * time.Hour

// Examined is a post as an editor sees it: what is submitted, or else what is published or was decided about last.
type Examined struct {
	Shown
	// Revision is the number of the revision that is shown.
	Revision int64
	// Article is what readers would get.
	Article Article
	// Before is what readers see now, nil if that is nothing or the same revision.
	Before *Content
	// Difference is what changes for them.
	Difference Difference
}

// known returns a post that its author has submitted at least once. Others do not exist for editors.
func known(post Post) error {
	if post.Deleted() || len(post.History) == 0 {
		return NotFound()
	}
	return nil
}

// Examine returns a post for an editor, with the difference between what is submitted and what is published.
func (r *Review) Examine(ctx context.Context, id string) (Examined, error) {
	post, err := r.Posts.Get(ctx, id)
	if err == nil && (post.Deleted() || post.examined() == 0) {
		err = NotFound()
	}
	if err != nil {
		return Examined{}, err
	}
	shown, err := r.show(ctx, post)
	if err != nil {
		return Examined{}, err
	}
	x := Examined{Shown: shown, Revision: post.examined()}
	if x.Article, err = r.texts.Render(x.Content.Text); err != nil {
		return Examined{}, err
	}
	if post.Published != nil && post.Published.Revision != x.Revision {
		before, err := r.Revisions.Get(ctx, id, post.Published.Revision)
		if err != nil {
			return Examined{}, err
		}
		before.Content.Tags = post.Published.Tags // a job may have changed those of the revision
		x.Before = &before.Content
		x.Difference = r.texts.Diff(before.Content.Text, x.Content.Text)
	}
	return x, nil
}

// show returns a post with the revision that an editor looks at.
func (r *Review) show(ctx context.Context, post Post) (Shown, error) {
	revision, err := r.Revisions.Get(ctx, post.ID, post.examined())
	if err != nil {
		return Shown{}, err
	}
	if tags := post.examinedTags(); tags != nil {
		revision.Content.Tags = *tags
	}
	author, err := r.Authors.Get(ctx, post.AuthorID)
	return Shown{Entry{post, author}, revision.Content}, err
}

// examinedTags are the tags of what an editor looks at, nil if that is neither submitted nor published. They are not those of
// the revision if a job has changed them.
func (p *Post) examinedTags() *[]string {
	switch {
	case p.Submitted != nil:
		return &p.Submitted.Tags
	case p.Published != nil:
		return &p.Published.Tags
	}
	return nil
}

// examined is the number of the revision that an editor looks at, 0 for none: what an author has withdrawn is theirs again.
func (p *Post) examined() int64 {
	switch {
	case p.Submitted != nil:
		return p.Submitted.Revision
	case p.Published != nil:
		return p.Published.Revision
	}
	for _, step := range slices.Backward(p.History) {
		if slices.Contains(decisions, step.Act) {
			return step.Revision
		}
	}
	return 0
}

// decisions are what editors do with a revision.
var decisions = []Act{Publish, Schedule, Refuse, Unpublish}

// Submitted returns a page of the posts that wait for an editor, or for their time.
func (r *Review) Submitted(ctx context.Context, cursor string, limit int) ([]Entry, string, error) {
	return r.list(ctx, Submissions, cursor, limit)
}

// Published returns a page of the published posts.
func (r *Review) Published(ctx context.Context, cursor string, limit int) ([]Entry, string, error) {
	return r.list(ctx, Latest, cursor, limit)
}

// act is change for a post that editors know, unless the act is done.
func (r *Review) act(
	ctx context.Context, id string, intent Intent, done func(Post) bool, prepare func(Post) (func(*Post) error, error),
) (Shown, error) {
	post, err := r.change(ctx, id, intent.Now, func(post Post) (func(*Post) error, error) {
		if err := known(post); err != nil || done(post) {
			return nil, err
		}
		if err := intent.check(&post); err != nil {
			return nil, err
		}
		return prepare(post)
	})
	if err != nil {
		return Shown{}, err
	}
	return r.show(ctx, post)
}

func did(act Act, intent Intent) func(Post) bool {
	return func(p Post) bool { return p.did(act, intent) }
}

// Publish makes what is submitted public, at once.
func (r *Review) Publish(ctx context.Context, id string, intent Intent) (Shown, error) {
	return r.act(ctx, id, intent, did(Publish, intent), func(post Post) (func(*Post) error, error) {
		return r.publishing(ctx, post, intent)
	})
}

// publishing stores the article of the submitted revision, and returns the change that makes it public.
func (r *Review) publishing(ctx context.Context, post Post, intent Intent) (func(*Post) error, error) {
	if post.Submitted == nil {
		return nil, post.notSubmitted()
	}
	revision, err := r.Revisions.Get(ctx, post.ID, post.Submitted.Revision)
	if err != nil {
		return nil, err
	}
	article, err := r.texts.Render(revision.Content.Text)
	if err != nil {
		return nil, err
	}
	err = r.Articles.Save(ctx, post.ID, revision.Number, article)
	return func(p *Post) error { return p.publish(intent, article) }, err
}

// PublishAt approves what is submitted for a time. A time that has come is now.
func (r *Review) PublishAt(ctx context.Context, id string, at time.Time, intent Intent) (Shown, error) {
	switch delay := at.Sub(intent.Now); {
	case delay <= 0:
		return r.Publish(ctx, id, intent)
	case delay > maxDelay:
		return Shown{}, errs.InvalidField("publishAt", "must be within a year")
	}
	done := func(p Post) bool {
		return p.did(Schedule, intent) && p.Submitted != nil && p.Submitted.PublishAt.Equal(at)
	}
	return r.act(ctx, id, intent, done, func(Post) (func(*Post) error, error) {
		return func(p *Post) error { return p.schedule(intent, at) }, nil
	})
}

// Refuse gives what is submitted back to its author, with a note that says why.
func (r *Review) Refuse(ctx context.Context, id string, intent Intent) (Shown, error) {
	return r.act(ctx, id, intent, did(Refuse, intent), func(Post) (func(*Post) error, error) {
		return func(p *Post) error { return p.refuse(intent) }, nil
	})
}

// Unpublish takes a post away from readers.
func (r *Review) Unpublish(ctx context.Context, id string, intent Intent) (Shown, error) {
	return r.act(ctx, id, intent, did(Unpublish, intent), func(Post) (func(*Post) error, error) {
		return func(p *Post) error { return p.unpublish(intent) }, nil
	})
}
