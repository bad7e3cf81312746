package domain

import (
	"context"
	"slices"

	"stoa/pkg/common/errs"
)

// Discussion is what readers write below posts.
type Discussion struct {
	Stores
	texts   Texts
	authors *Authors
	bus     Bus
}

// NewDiscussion returns the comments in these stores. Events go to the bus.
func NewDiscussion(stores Stores, texts Texts, bus Bus) *Discussion {
	return &Discussion{stores, texts, NewAuthors(stores.Authors), bus}
}

// Contribution is a comment with its author, as HTML.
type Contribution struct {
	Comment Comment
	Author  Author
	HTML    string
}

// Remark is what someone wants to write.
type Remark struct {
	PostID string `json:"postId"`
	// ReplyTo is any comment of a thread, "" to begin one.
	ReplyTo string `json:"replyTo"`
	Text    string `json:"text"`
}

// Add stores a comment, unless a request with the same id did. It fails with errs.KeyReused if that was another request,
// errs.Conflict for a reply to what is not visible, and errs.RateLimited.
func (d *Discussion) Add(ctx context.Context, by Author, id, request string, remark Remark, intent Intent) (Contribution, error) {
	c, err := d.Comments.Get(ctx, id)
	if errs.Is(err, errs.NotFound) {
		c, err = d.begin(ctx, by, id, request, remark, intent)
	}
	switch {
	case err != nil:
		return Contribution{}, err
	case c.Request != request:
		return Contribution{}, errs.New(errs.KeyReused, "this Idempotency-Key was used for another request")
	case !c.Visible(): // it was taken away since
		return Contribution{}, NoComment()
	}
	if c, err = d.finish(ctx, c); err != nil {
		return Contribution{}, err
	}
	return d.show(ctx, c)
}

// begin stores a new comment that is visible, with its event. Post and thread do not count it yet.
func (d *Discussion) begin(ctx context.Context, by Author, id, request string, remark Remark, intent Intent) (Comment, error) {
	text, err := cleanComment(remark.Text)
	if err != nil {
		return Comment{}, err
	}
	post, err := d.published(ctx, remark.PostID)
	if err != nil {
		return Comment{}, err
	}
	thread, others, err := d.thread(ctx, remark)
	if err != nil {
		return Comment{}, err
	}
	if err := d.Paces.Upsert(ctx, by.ID, func(p *Pace) error { return p.take(id, intent.Now) }); err != nil {
		return Comment{}, err
	}
	if err := d.authors.Meet(ctx, by); err != nil {
		return Comment{}, err
	}
	return d.Comments.Create(ctx, Comment{
		ID: id, PostID: post.ID, AuthorID: by.ID, ReplyTo: thread, Text: text, CreatedAt: intent.Now, Request: request,
		State: CommentVisible, Version: 1,
		Addition: &Addition{
			Title: post.Published.Title, Slug: post.Slug(), Excerpt: excerptOf(text), Recipients: recipients(by.ID, post.AuthorID, others),
		},
	})
}

// maxThread is how many replies, the latest, are read to find those in a thread.
const maxThread = 50

// thread returns the first comment of the thread that a remark belongs to, "" for a new one, and the accounts that are in it.
func (d *Discussion) thread(ctx context.Context, remark Remark) (first string, accounts []string, err error) {
	if remark.ReplyTo == "" {
		return "", nil, nil
	}
	to, err := d.Comments.Get(ctx, remark.ReplyTo)
	switch {
	case err != nil:
		return "", nil, err
	case to.PostID != remark.PostID:
		return "", nil, NoComment()
	case !to.Visible():
		return "", nil, to.gone("reply to")
	}
	root := to
	if to.ReplyTo != "" {
		if root, err = d.Comments.Get(ctx, to.ReplyTo); err != nil {
			return "", nil, err
		}
	}
	replies, _, err := d.Comments.List(ctx, ThreadOf(root.PostID, root.ID), "", maxThread, visible)
	for _, c := range append([]Comment{root, to}, replies...) {
		if c.Visible() {
			accounts = append(accounts, c.AuthorID)
		}
	}
	return root.ID, accounts, err
}

// recipients returns whom to tell of a comment, each once and not its author.
func recipients(by, postAuthor string, others []string) []string {
	var tell []string
	for _, id := range append([]string{postAuthor}, others...) {
		if id != by && !slices.Contains(tell, id) {
			tell = append(tell, id)
		}
	}
	return tell
}

// List returns a page of the comments that begin the threads of a post, or of the replies to one of them. One that is not
// visible has neither text nor author.
func (d *Discussion) List(ctx context.Context, postID, replyTo, cursor string, limit int) ([]Contribution, string, error) {
	if _, err := d.published(ctx, postID); err != nil {
		return nil, "", err
	}
	comments, next, err := d.Comments.List(ctx, ThreadOf(postID, replyTo), cursor, limit, hasPlace)
	if err != nil {
		return nil, "", err
	}
	for i, c := range comments {
		if !c.Visible() {
			comments[i].AuthorID, comments[i].Text = "", ""
		}
	}
	shown, err := d.showAll(ctx, comments)
	return shown, next, err
}

// Read returns a comment on a published post. One that is not visible has neither text nor author.
func (d *Discussion) Read(ctx context.Context, id string) (Contribution, error) {
	c, err := d.Comments.Get(ctx, id)
	if err != nil {
		return Contribution{}, err
	}
	if !c.HasPlace() {
		return Contribution{}, NoComment()
	}
	if _, err := d.published(ctx, c.PostID); err != nil {
		if errs.Is(err, errs.NotFound) {
			err = NoComment()
		}
		return Contribution{}, err
	}
	if !c.Visible() {
		c.AuthorID, c.Text = "", ""
	}
	return d.show(ctx, c)
}

func visible(c Comment) bool  { return c.Visible() }
func hasPlace(c Comment) bool { return c.HasPlace() }

// Edit changes the text of a comment, within editTime.
func (d *Discussion) Edit(ctx context.Context, id, text string, intent Intent) (Contribution, error) {
	text, err := cleanComment(text)
	if err != nil {
		return Contribution{}, err
	}
	c, err := d.updateOwn(ctx, id, intent, func(c *Comment) error { return c.edit(text, intent) })
	if err != nil {
		return Contribution{}, err
	}
	return d.show(ctx, c)
}

// Delete takes a comment away from everyone, for good.
func (d *Discussion) Delete(ctx context.Context, id string, intent Intent) error {
	c, err := d.updateOwn(ctx, id, intent, (*Comment).delete)
	if err == nil {
		_, err = d.finish(ctx, c)
	}
	return err
}

// updateOwn changes a comment of the account that asks. Those of others do not exist for it.
func (d *Discussion) updateOwn(ctx context.Context, id string, intent Intent, change func(*Comment) error) (Comment, error) {
	return d.Comments.Update(ctx, id, func(c *Comment) error {
		if c.AuthorID != intent.By {
			return NoComment()
		}
		return change(c)
	})
}

// Report asks the editors to look at a comment.
func (d *Discussion) Report(ctx context.Context, id, reason string, intent Intent) error {
	c, err := d.Comments.Get(ctx, id)
	if err == nil && !c.Visible() {
		err = NoComment()
	}
	if err != nil {
		return err
	}
	if err := d.Paces.Upsert(ctx, intent.By+".reports", func(p *Pace) error { return p.take(id, intent.Now) }); err != nil {
		return err
	}
	_, err = d.Comments.Update(ctx, id, func(c *Comment) error { return c.report(reason, intent) })
	return err
}

// show returns a comment with its author.
func (d *Discussion) show(ctx context.Context, c Comment) (Contribution, error) {
	shown, err := d.showAll(ctx, []Comment{c})
	if err != nil {
		return Contribution{}, err
	}
	return shown[0], nil
}

func (d *Discussion) showAll(ctx context.Context, comments []Comment) ([]Contribution, error) {
	var ids []string
	for _, c := range comments {
		if c.AuthorID != "" {
			ids = append(ids, c.AuthorID)
		}
	}
	authors, err := d.authorsOf(ctx, ids)
	if err != nil {
		return nil, err
	}
	shown := make([]Contribution, len(comments))
	for i, c := range comments {
		shown[i] = Contribution{Comment: c, Author: authors(c.AuthorID), HTML: d.texts.Comment(c.Text)}
	}
	return shown, nil
}
