package api

import (
	"context"
	"html/template"
	"time"
)

const blog = "blog"

// Author is who wrote something.
type Author struct {
	ID            string `json:"id"`
	Name          string `json:"name"`
	ProfilePicURL string `json:"profilePicUrl"`
}

// PostItem is a published post on a list.
type PostItem struct {
	ID          string    `json:"id"`
	Slug        string    `json:"slug"`
	Title       string    `json:"title"`
	Description string    `json:"description"`
	ImgURL      string    `json:"imgUrl"`
	Tags        []string  `json:"tags"`
	Author      Author    `json:"author"`
	PublishedAt time.Time `json:"publishedAt"`
	RevisedAt   time.Time `json:"revisedAt"`
	ReadingTime int       `json:"readingTime"` // in minutes
	Excerpt     string    `json:"excerpt"`
	Comments    int       `json:"comments"`
	// Snippet is an excerpt with the words that were searched for; empty unless they were.
	Snippet template.HTML `json:"snippet"`
}

// Heading is an entry of a table of contents.
type Heading struct {
	Level int    `json:"level"`
	ID    string `json:"id"`
	Text  string `json:"text"`
}

// Post is a published post. The blog has made its HTML safe.
type Post struct {
	PostItem
	HTML template.HTML `json:"html"`
	TOC  []Heading     `json:"toc"`
}

// Comment is a comment, or a reply. One that is not visible has neither author nor text.
type Comment struct {
	ID        string        `json:"id"`
	ReplyTo   string        `json:"replyTo"`
	State     string        `json:"state"`
	Author    *Author       `json:"author"`
	Text      string        `json:"text"`
	HTML      template.HTML `json:"html"`
	CreatedAt time.Time     `json:"createdAt"`
	EditedAt  *time.Time    `json:"editedAt"`
	Replies   int           `json:"replies"`
}

// Posts returns a page of the published posts, the latest first, or of those with the words q, the best first.
func (c *Client) Posts(ctx context.Context, q, cursor, limit string) (List[PostItem], error) {
	o := get(blog, "/api/v1/blog/list/latest")
	if q != "" {
		o = get(blog, "/api/v1/blog/search")
	}
	return call[List[PostItem]](ctx, c, o.with("q", q, "cursor", cursor, "limit", limit))
}

// PostBySlug returns the post with this slug, or Moved if it has another one now.
func (c *Client) PostBySlug(ctx context.Context, slug string) (Post, error) {
	return call[Post](ctx, c, get(blog, "/api/v1/blog/slug", slug))
}

// SimilarPosts returns the posts that are most like one.
func (c *Client) SimilarPosts(ctx context.Context, id string) (List[PostItem], error) {
	return call[List[PostItem]](ctx, c, get(blog, "/api/v1/blog/list/similar/id", id).with("limit", "3"))
}

// Comments returns a page of the comments that begin threads on a post, the latest first, or of the replies to one of them.
func (c *Client) Comments(ctx context.Context, id, replyTo, cursor string) (List[Comment], error) {
	o := get(blog, "/api/v1/blog/id", id)
	o.path += "/comments"
	return call[List[Comment]](ctx, c, o.with("replyTo", replyTo, "cursor", cursor))
}
