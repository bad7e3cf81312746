package domain

import (
	"context"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
)

// Feed is the latest posts of the blog, of a tag or of an author.
type Feed struct {
	// ID is a UUID that stays the same as long as the blog exists.
	ID string
	// Updated is when the latest of the posts changed in public.
	Updated time.Time
	// Tag is the tag of all posts, and Author who wrote them; neither in the feed of the blog.
	Tag    Tag
	Author Author
	// Entries are the posts, the latest first.
	Entries []Entry
}

// feedSize is how many posts a feed has at most.
const feedSize = 20

// BlogStore knows the blog.
type BlogStore interface {
	// ID returns the id of the blog, which is the same for ever, and no other blog has.
	ID(ctx context.Context) (string, error)
}

// BlogFeed returns the latest posts of the blog.
func (r *Reading) BlogFeed(ctx context.Context) (Feed, error) {
	return r.feed(ctx, Feed{}, Latest)
}

// TagFeed returns the latest posts with a tag, or the tag that has taken its place, as moved.
func (r *Reading) TagFeed(ctx context.Context, typed string) (feed Feed, moved string, err error) {
	tag, moved, err := r.tag(ctx, typed)
	if err != nil || moved != "" {
		return Feed{}, moved, err
	}
	feed, err = r.feed(ctx, Feed{Tag: tag}, Tagged(tag.Name), "tag", tag.Name)
	return feed, "", err
}

// AuthorFeed returns the latest posts of an author. Who has published nothing has no feed.
func (r *Reading) AuthorFeed(ctx context.Context, id string) (Feed, error) {
	feed, err := r.feed(ctx, Feed{}, PublishedBy(id), "author", id)
	if err == nil && len(feed.Entries) == 0 {
		return Feed{}, errs.New(errs.NotFound, "there is no such author")
	}
	if err == nil {
		feed.Author = feed.Entries[0].Author
	}
	return feed, err
}

// feed fills a feed with the posts of a list. The parts of its id tell it from other feeds of the blog.
func (r *Reading) feed(ctx context.Context, feed Feed, list string, id ...string) (Feed, error) {
	blog, err := r.Blog.ID(ctx)
	if err != nil {
		return Feed{}, err
	}
	feed.ID, feed.Updated = blog, ids.Made(blog).UTC()
	if len(id) > 0 {
		feed.ID = ids.Derive(append([]string{blog, "feed"}, id...)...)
	}
	feed.Entries, _, err = r.list(ctx, list, "", feedSize)
	for _, e := range feed.Entries {
		if at := e.Post.Published.RevisedAt; at.After(feed.Updated) {
			feed.Updated = at
		}
	}
	return feed, err
}

// sitemapSize is how many posts a sitemap has at most. Sitemaps may have 50,000, but then one request would read as many posts.
const sitemapSize = 1000

// Sitemap returns the published posts if they fit into one sitemap, or else how many parts it takes. SitemapPart has these.
func (r *Reading) Sitemap(ctx context.Context) (posts []Post, parts int64, err error) {
	parts, err = r.Posts.Parts(ctx, Latest, sitemapSize)
	if err != nil || parts > 1 {
		return nil, parts, err
	}
	posts, err = r.Posts.Part(ctx, Latest, 0, sitemapSize)
	return posts, 1, err
}

// SitemapPart returns the posts of part n, counted from 1. A part always has the same posts, unless they are unpublished.
func (r *Reading) SitemapPart(ctx context.Context, n int64) ([]Post, error) {
	parts, err := r.Posts.Parts(ctx, Latest, sitemapSize)
	if err == nil && n > parts {
		err = errs.New(errs.NotFound, "the sitemap has %d parts", parts)
	}
	if err != nil {
		return nil, err
	}
	return r.Posts.Part(ctx, Latest, n-1, sitemapSize)
}
