package api

import (
	"context"
	"html/template"
	"strings"
	"time"
)

const blog = "blog"

// Author is who wrote something.
type Author struct {
	ID            string `json:"id"`
	Name          string `json:"name"`
	ProfilePicURL string `json:"profilePicUrl"`
}

// Picture is the author's, if it may be shown: browsers load only what nobody can read on its way.
func (a Author) Picture() string { return overTLS(a.ProfilePicURL) }

func overTLS(address string) string {
	if strings.HasPrefix(address, "https://") {
		return address
	}
	return ""
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

// Cover is the picture of the post, if it may be shown.
func (p PostItem) Cover() string { return overTLS(p.ImgURL) }

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

// Tag is what posts are about.
type Tag struct {
	Tag         string `json:"tag"`
	Description string `json:"description"`
	Count       int    `json:"count"` // how many published posts have it
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

// PostByID returns the post with this id.
func (c *Client) PostByID(ctx context.Context, id string) (Post, error) {
	return call[Post](ctx, c, get(blog, "/api/v1/blog/id", id))
}

// PostsWithTag returns a page of the posts with a tag, the latest first, or Moved if the tag has another name now.
func (c *Client) PostsWithTag(ctx context.Context, tag, cursor string) (List[PostItem], error) {
	return call[List[PostItem]](ctx, c, get(blog, "/api/v1/blog/list/tag", tag).with("cursor", cursor))
}

// PostsBy returns a page of the posts of an author, the latest first.
func (c *Client) PostsBy(ctx context.Context, id, cursor string) (List[PostItem], error) {
	return call[List[PostItem]](ctx, c, get(blog, "/api/v1/blog/list/author", id).with("cursor", cursor))
}

// PostsOf returns a page of the posts that became public in a month, such as "2026-11".
func (c *Client) PostsOf(ctx context.Context, month, cursor string) (List[PostItem], error) {
	return call[List[PostItem]](ctx, c, get(blog, "/api/v1/blog/list/month", month).with("cursor", cursor))
}

// Tags returns a page of the tags, those that came into use last first.
func (c *Client) Tags(ctx context.Context, cursor, limit string) (List[Tag], error) {
	return call[List[Tag]](ctx, c, get(blog, "/api/v1/blog/tags").with("cursor", cursor, "limit", limit))
}
