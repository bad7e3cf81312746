package domain

import (
	"context"

	"stoa/pkg/common/errs"
)

// Authoring is what authors do with their own posts. Posts of others do not exist for them.
type Authoring struct {
	*Workflow
	authors *Authors
}

// NewAuthoring returns the authors' side of a workflow.
func NewAuthoring(workflow *Workflow) *Authoring {
	return &Authoring{workflow, NewAuthors(workflow.Authors)}
}

// own returns a post of this author.
func own(post Post, authorID string) (Post, error) {
	if post.AuthorID != authorID || post.Deleted() {
		return Post{}, NotFound()
	}
	return post, nil
}

// Create stores a new draft, unless a request with the same id did. It fails with errs.KeyReused if that was another request.
func (a *Authoring) Create(ctx context.Context, by Author, id, request string, edit Edit, intent Intent) (Shown, error) {
	post, err := a.Posts.Get(ctx, id)
	if errs.Is(err, errs.NotFound) {
		post, err = a.begin(ctx, by, id, request, edit, intent)
	}
	switch {
	case err != nil:
		return Shown{}, err
	case post.Request != request:
		return Shown{}, errs.New(errs.KeyReused, "this Idempotency-Key was used for another request")
	}
	if _, err := own(post, by.ID); err != nil { // it was deleted since
		return Shown{}, err
	}
	return a.show(ctx, post)
}

// begin stores a new draft.
func (a *Authoring) begin(ctx context.Context, by Author, id, request string, edit Edit, intent Intent) (Post, error) {
	edit, err := a.prepare(ctx, id, edit)
	if err != nil {
		return Post{}, err
	}
	if err := a.authors.Meet(ctx, by); err != nil {
		return Post{}, err
	}
	draft := edit.apply(Content{})
	return a.Posts.Create(ctx, Post{
		ID: id, AuthorID: by.ID, Version: 1, CreatedAt: intent.Now, UpdatedAt: intent.Now, Request: request, Draft: &draft,
	})
}

// Edit changes the draft of a post. If there is none, it begins one with what is submitted or published, which stays as it
// is. An edit that changes nothing succeeds on any version: it may have come before.
func (a *Authoring) Edit(ctx context.Context, id string, edit Edit, intent Intent) (Shown, error) {
	edit, err := a.prepare(ctx, id, edit)
	if err != nil {
		return Shown{}, err
	}
	post, err := a.change(ctx, id, intent.Now, func(post Post) (func(*Post) error, error) {
		if _, err := own(post, intent.By); err != nil {
			return nil, err
		}
		after, changed, err := a.edited(ctx, post, edit)
		if err != nil || !changed {
			return nil, err
		}
		return func(p *Post) error { p.Draft = &after; return nil }, intent.check(&post)
	})
	if err != nil {
		return Shown{}, err
	}
	return a.show(ctx, post)
}

// prepare returns an edit of a post as it is stored, with the tags that posts get now.
func (a *Authoring) prepare(ctx context.Context, id string, edit Edit) (Edit, error) {
	edit, err := edit.clean(a.texts)
	if err != nil {
		return Edit{}, err
	}
	if err := a.checkSlug(ctx, id, edit.Slug); err != nil || edit.Tags == nil {
		return edit, err
	}
	tags, err := a.current(ctx, *edit.Tags)
	edit.Tags = &tags
	return edit, err
}

// edited returns the content of a post after an edit, and whether that is another one.
func (a *Authoring) edited(ctx context.Context, post Post, edit Edit) (after Content, changed bool, err error) {
	before := post.Newest()
	if edit.Text != nil && before.TextIn != 0 {
		complete, err := a.complete(ctx, post.ID, before)
		if err != nil {
			return Content{}, false, err
		}
		if complete.Text == *edit.Text {
			edit.Text = nil
		}
	}
	after = edit.apply(before)
	return after, !before.same(after), nil
}

// Get returns a post with the text of its draft, or else of what is submitted or published.
func (a *Authoring) Get(ctx context.Context, authorID, id string) (Shown, error) {
	post, err := a.Posts.Get(ctx, id)
	if err == nil {
		post, err = own(post, authorID)
	}
	if err != nil {
		return Shown{}, err
	}
	return a.show(ctx, post)
}

func (a *Authoring) show(ctx context.Context, post Post) (Shown, error) {
	content, err := a.complete(ctx, post.ID, post.Newest())
	if err != nil {
		return Shown{}, err
	}
	author, err := a.Authors.Get(ctx, post.AuthorID)
	return Shown{Entry{post, author}, content}, err
}

// Drafts returns a page of an author's open drafts, Submitted of what waits for an editor, and Published of what is public.
func (a *Authoring) Drafts(ctx context.Context, authorID, cursor string, limit int) ([]Entry, string, error) {
	return a.list(ctx, DraftsOf(authorID), cursor, limit)
}

// Submitted returns a page of what an author has submitted.
func (a *Authoring) Submitted(ctx context.Context, authorID, cursor string, limit int) ([]Entry, string, error) {
	return a.list(ctx, SubmissionsOf(authorID), cursor, limit)
}

// Published returns a page of an author's published posts.
func (a *Authoring) Published(ctx context.Context, authorID, cursor string, limit int) ([]Entry, string, error) {
	return a.list(ctx, PublishedBy(authorID), cursor, limit)
}

// Submit makes a revision of the draft, and editors are told. The slug is reserved and the revision stored before the post
// changes: a crash in between leaves a slug that waits for its post, and a revision that was never submitted.
func (a *Authoring) Submit(ctx context.Context, id string, intent Intent) (Shown, error) {
	return a.act(ctx, id, intent, func(post Post) (func(*Post) error, error) {
		if post.did(Submit, intent) && post.Draft == nil {
			return nil, nil
		}
		if err := intent.check(&post); err != nil || post.Draft == nil {
			return func(p *Post) error { return p.submit(intent, Content{}) }, err
		}
		content, err := a.complete(ctx, id, *post.Draft)
		if err == nil {
			content.Tags, err = a.current(ctx, content.Tags)
		}
		if err == nil {
			err = content.checkSubmitted()
		}
		if err == nil {
			_, err = a.texts.Render(content.Text)
		}
		if err != nil {
			return nil, err
		}
		if content.Slug, err = a.reserve(ctx, post, content); err == nil {
			err = a.archive(ctx, post, content, intent)
		}
		return func(p *Post) error { return p.submit(intent, content) }, err
	})
}

// archive stores content of a version of the post as a revision.
func (a *Authoring) archive(ctx context.Context, post Post, content Content, intent Intent) error {
	return a.Revisions.Save(ctx, Revision{PostID: post.ID, Number: post.Version, At: intent.Now, Content: content})
}

// act is change for a post of the author who acts.
func (a *Authoring) act(ctx context.Context, id string, intent Intent, prepare func(Post) (func(*Post) error, error)) (Shown, error) {
	post, err := a.change(ctx, id, intent.Now, func(post Post) (func(*Post) error, error) {
		if _, err := own(post, intent.By); err != nil {
			return nil, err
		}
		return prepare(post)
	})
	if err != nil {
		return Shown{}, err
	}
	return a.show(ctx, post)
}

// Withdraw makes what is submitted a draft again.
func (a *Authoring) Withdraw(ctx context.Context, id string, intent Intent) (Shown, error) {
	return a.act(ctx, id, intent, func(post Post) (func(*Post) error, error) {
		if post.did(Withdraw, intent) {
			return nil, nil
		}
		return func(p *Post) error { return p.withdraw(intent) }, intent.check(&post)
	})
}

// Delete takes a post away from everyone, for good.
func (a *Authoring) Delete(ctx context.Context, id string, intent Intent) error {
	_, err := a.change(ctx, id, intent.Now, func(post Post) (func(*Post) error, error) {
		if post.AuthorID == intent.By && post.did(Delete, intent) {
			return nil, nil
		}
		if _, err := own(post, intent.By); err != nil {
			return nil, err
		}
		return func(p *Post) error { p.delete(intent); return nil }, intent.check(&post)
	})
	return err
}

// ListRevisions returns a page of what an author has submitted of a post, the latest first.
func (a *Authoring) ListRevisions(ctx context.Context, authorID, id, cursor string, limit int) ([]Revision, string, error) {
	post, err := a.Posts.Get(ctx, id)
	if err == nil {
		_, err = own(post, authorID)
	}
	if err != nil {
		return nil, "", err
	}
	return a.Revisions.List(ctx, id, cursor, limit)
}

// Revision returns a revision of a post with its text.
func (a *Authoring) Revision(ctx context.Context, authorID, id string, number int64) (Revision, error) {
	post, err := a.Posts.Get(ctx, id)
	if err == nil {
		_, err = own(post, authorID)
	}
	if err != nil {
		return Revision{}, err
	}
	return a.Revisions.Get(ctx, id, number)
}

// Restore makes a revision the draft. The draft that it replaces becomes a revision, so that nothing is lost.
func (a *Authoring) Restore(ctx context.Context, id string, number int64, intent Intent) (Shown, error) {
	return a.act(ctx, id, intent, func(post Post) (func(*Post) error, error) {
		revision, err := a.Revisions.Get(ctx, id, number)
		if err != nil {
			return nil, err
		}
		content := revision.asDraft()
		if content.Tags, err = a.current(ctx, content.Tags); err != nil {
			return nil, err
		}
		if post.did(Restore, intent) && post.Draft != nil && post.Draft.same(content) {
			return nil, nil
		}
		if err := intent.check(&post); err != nil {
			return nil, err
		}
		if err := a.rescue(ctx, post, intent); err != nil {
			return nil, err
		}
		return func(p *Post) error { p.restore(intent, content); return nil }, nil
	})
}

// rescue stores the draft of a post as a revision, unless it is one.
func (a *Authoring) rescue(ctx context.Context, post Post, intent Intent) error {
	if post.Draft == nil {
		return nil
	}
	draft := *post.Draft
	if draft.TextIn != 0 {
		revision, err := a.Revisions.Get(ctx, post.ID, draft.TextIn)
		if err != nil || draft.same(revision.asDraft()) {
			return err
		}
		draft.Text, draft.TextIn = revision.Content.Text, 0
	}
	return a.archive(ctx, post, draft, intent)
}
