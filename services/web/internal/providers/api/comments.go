package api

import (
	"context"
	"html/template"
	"net/http"
	"time"
)

// Comment is a comment, or a reply. One that is not visible has neither author nor text.
type Comment struct {
	ID        string        `json:"id"`
	PostID    string        `json:"postId"` // not on the lists of a post
	ReplyTo   string        `json:"replyTo"`
	State     string        `json:"state"`
	Author    *Author       `json:"author"`
	Text      string        `json:"text"`
	HTML      template.HTML `json:"html"`
	CreatedAt time.Time     `json:"createdAt"`
	EditedAt  *time.Time    `json:"editedAt"`
	Replies   int           `json:"replies"`
}

// editTime is for how long the author of a comment may change it.
const editTime = 15 * time.Minute

// Editable reports whether its author may still change it.
func (c Comment) Editable() bool { return time.Since(c.CreatedAt) < editTime }

// Comments returns a page of the comments that begin threads on a post, the latest first, or of the replies to one of them.
func (c *Client) Comments(ctx context.Context, id, replyTo, cursor string) (List[Comment], error) {
	o := get(blog, "/api/v1/blog/id", id)
	o.path += "/comments"
	return call[List[Comment]](ctx, c, o.with("replyTo", replyTo, "cursor", cursor))
}

// Comment returns a comment.
func (c *Client) Comment(ctx context.Context, id string) (Comment, error) {
	return call[Comment](ctx, c, get(blog, "/api/v1/blog/comments", id))
}

// AddComment adds a comment to a post, or with replyTo a reply to a comment, once for each key.
func (c *Client) AddComment(ctx context.Context, id, key, text, replyTo string) (Comment, error) {
	o := to(blog, http.MethodPost, "/api/v1/blog/id", id)
	o.path += "/comments"
	o.key = key
	o.body = struct {
		Text    string `json:"text"`
		ReplyTo string `json:"replyTo,omitempty"`
	}{text, replyTo}
	return call[Comment](ctx, c, o)
}

// EditComment changes the text of a comment.
func (c *Client) EditComment(ctx context.Context, id, text string) error {
	o := to(blog, http.MethodPatch, "/api/v1/blog/comments", id)
	o.body = map[string]string{"text": text}
	return do(ctx, c, o)
}

// DeleteComment deletes a comment.
func (c *Client) DeleteComment(ctx context.Context, id string) error {
	return do(ctx, c, to(blog, http.MethodDelete, "/api/v1/blog/comments", id))
}

// ReportComment asks the editors to look at a comment.
func (c *Client) ReportComment(ctx context.Context, id, reason string) error {
	o := to(blog, http.MethodPost, "/api/v1/blog/comments", id)
	o.path += "/report"
	o.body = map[string]string{"reason": reason}
	return do(ctx, c, o)
}

// Followed is an author or a tag that somebody follows.
type Followed struct {
	Author *Author   `json:"author"`
	Tag    string    `json:"tag"`
	Since  time.Time `json:"since"`
}

// Following returns what the caller follows, the latest first.
func (c *Client) Following(ctx context.Context) (List[Followed], error) {
	return call[List[Followed]](ctx, c, get(blog, "/api/v1/blog/following"))
}

// FollowAuthor begins or ends following an author.
func (c *Client) FollowAuthor(ctx context.Context, id string, follow bool) error {
	return do(ctx, c, to(blog, followMethod(follow), "/api/v1/blog/following/authors", id))
}

// FollowTag begins or ends following a tag.
func (c *Client) FollowTag(ctx context.Context, tag string, follow bool) error {
	return do(ctx, c, to(blog, followMethod(follow), "/api/v1/blog/following/tags", tag))
}

func followMethod(follow bool) string {
	if follow {
		return http.MethodPut
	}
	return http.MethodDelete
}
