package domain

import (
	"slices"
	"time"

	"stoa/pkg/common/errs"
)

// submit makes the draft wait for an editor, in place of one that waits already. content is that of its revision.
func (p *Post) submit(intent Intent, content Content) error {
	if p.Draft == nil {
		return errs.New(errs.Conflict, "there is nothing to submit: this post has no open draft")
	}
	revision := p.Version
	content.Text, content.TextIn = "", revision
	p.Draft, p.Submitted = nil, &Submission{Content: content, Revision: revision, At: intent.Now}
	p.announce(PostSubmitted, intent, content, revision)
	p.record(Submit, intent, revision)
	return nil
}

// takeBack makes the submission a draft again, unless the author has begun another one.
func (p *Post) takeBack() {
	if p.Draft == nil {
		p.Draft = &p.Submitted.Content
	}
	p.Submitted = nil
}

func (p *Post) withdraw(intent Intent) error {
	if p.Submitted == nil {
		return p.notSubmitted()
	}
	revision := p.Submitted.Revision
	p.takeBack()
	p.record(Withdraw, intent, revision)
	return nil
}

func (p *Post) refuse(intent Intent) error {
	if p.Submitted == nil {
		return p.notSubmitted()
	}
	refused := *p.Submitted
	p.takeBack()
	p.announce(PostRefused, intent, refused.Content, refused.Revision)
	p.record(Refuse, intent, refused.Revision)
	return nil
}

// publish makes the submitted revision public. The article is what its text looks like.
func (p *Post) publish(intent Intent, article Article) error {
	if p.Submitted == nil {
		return p.notSubmitted()
	}
	content, revision := p.Submitted.Content, p.Submitted.Revision
	since := intent.Now
	if p.Published != nil {
		since = p.Published.At
	}
	p.Published = &Publication{
		Content: content, Revision: revision, At: since, RevisedAt: intent.Now,
		Words: article.Words, ReadingTime: article.ReadingTime, Excerpt: article.Excerpt,
	}
	p.Submitted = nil
	p.Slugs = append(slices.DeleteFunc(p.Slugs, func(s string) bool { return s == content.Slug }), content.Slug)
	p.announce(PostPublished, intent, content, revision)
	p.record(Publish, intent, revision)
	return nil
}

// schedule approves the submitted revision for a later time.
func (p *Post) schedule(intent Intent, at time.Time) error {
	if p.Submitted == nil {
		return p.notSubmitted()
	}
	p.approve(at, intent.By)
	p.record(Schedule, intent, p.Submitted.Revision)
	return nil
}

// approve sets when the submission is published, zero for never.
func (p *Post) approve(at time.Time, editor string) {
	submitted := *p.Submitted
	submitted.PublishAt, submitted.Editor = at, editor
	p.Submitted = &submitted
}

// unpublish takes the post away from readers. A revision that was approved for later needs another approval.
func (p *Post) unpublish(intent Intent) error {
	if p.Published == nil {
		return errs.New(errs.Conflict, "this post is not published%s", p.lately())
	}
	was := *p.Published
	switch {
	case p.Submitted.Scheduled():
		p.approve(time.Time{}, "")
	case p.Draft == nil && p.Submitted == nil:
		p.Draft = &was.Content
	}
	p.Published = nil
	p.announce(PostUnpublished, intent, was.Content, was.Revision)
	p.record(Unpublish, intent, was.Revision)
	return nil
}

// restore makes the content of an earlier revision the draft.
func (p *Post) restore(intent Intent, content Content) {
	p.Draft = &content
	p.record(Restore, intent, content.TextIn)
}

// delete takes the post away from everyone. Its slugs stay reserved, and its revisions stay stored.
func (p *Post) delete(intent Intent) {
	if p.Published != nil {
		p.announce(PostUnpublished, intent, p.Published.Content, p.Published.Revision)
	}
	p.Draft, p.Submitted, p.Published, p.DeletedAt = nil, nil, nil, intent.Now
	p.record(Delete, intent, 0)
}

// abandon is for a post whose author has left. If published posts are to stay, it takes away what nobody can finish now.
func (p *Post) abandon(intent Intent, keep bool) {
	if keep && p.Published != nil {
		p.Draft, p.Submitted = nil, nil
		return
	}
	p.delete(intent)
	p.EraseAt = intent.Now
}

// erased notes that the texts are gone. They are erased once more when nothing is on its way any more that has begun before: a
// publication or a submission stores its text first.
func (p *Post) erased(now time.Time) {
	if p.EraseAt = p.DeletedAt.Add(LateTime); !p.EraseAt.After(now) {
		p.EraseAt = time.Time{}
	}
}

func (p *Post) notSubmitted() error {
	return errs.New(errs.Conflict, "this post is not submitted%s", p.lately())
}

// lately says what happened to the post last, for someone who comes too late.
func (p *Post) lately() string {
	if last := p.last(); last.Act != "" {
		return ": it was " + string(last.Act) + " at " + last.At.Format(time.RFC3339)
	}
	return ""
}
