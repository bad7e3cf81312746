package domain

import (
	"context"
	"slices"
)

// Reading is what everyone may do: read what is published.
type Reading struct {
	Stores
	texts Texts
}

// NewReading returns the readers' side of these stores.
func NewReading(stores Stores, texts Texts) *Reading { return &Reading{stores, texts} }

// Page is a published post as readers see it.
type Page struct {
	Entry
	Article Article
}

// ByID returns a published post.
func (r *Reading) ByID(ctx context.Context, id string) (Page, error) {
	post, err := r.published(ctx, id)
	if err != nil {
		return Page{}, err
	}
	return r.page(ctx, post)
}

// BySlug returns the published post with this slug. If it has another slug now, or the slug was typed differently, it returns
// the slug to go to instead of the page.
func (r *Reading) BySlug(ctx context.Context, typed string) (page Page, moved string, err error) {
	slug := r.texts.Slug(typed)
	id, err := r.Slugs.Owner(ctx, slug)
	if err != nil {
		return Page{}, "", err
	}
	if slug == "" || id == "" {
		return Page{}, "", NotFound()
	}
	post, err := r.published(ctx, id)
	switch {
	case err != nil:
		return Page{}, "", err
	case !slices.Contains(post.Slugs, slug): // it will have this slug once an editor publishes it
		return Page{}, "", NotFound()
	case post.Slug() != typed:
		return Page{}, post.Slug(), nil
	}
	page, err = r.page(ctx, post)
	return page, "", err
}

func (r *Reading) page(ctx context.Context, post Post) (Page, error) {
	article, author, err := r.Articles.Read(ctx, post.ID, post.Published.Revision, post.AuthorID)
	return Page{Entry{post, author}, article}, err
}

// Latest returns a page of the published posts, the latest first, as the other lists do.
func (r *Reading) Latest(ctx context.Context, cursor string, limit int) ([]Entry, string, error) {
	return r.list(ctx, Latest, cursor, limit)
}

// WithTag returns a page of the posts with a tag, however it is typed, or the tag that has taken its place, as moved.
func (r *Reading) WithTag(ctx context.Context, typed, cursor string, limit int) (page []Entry, next, moved string, err error) {
	tag, moved, err := r.tag(ctx, typed)
	if err != nil || moved != "" {
		return nil, "", moved, err
	}
	page, next, err = r.list(ctx, Tagged(tag.Name), cursor, limit)
	return page, next, "", err
}

// tag returns a tag that exists. If all posts have another tag now in its place, it returns that one instead, as moved.
func (r *Reading) tag(ctx context.Context, typed string) (tag Tag, moved string, err error) {
	name := r.texts.Tag(typed)
	tag, exists, err := r.findTag(ctx, name, Tagged(name))
	if err == nil && !exists {
		err = NoTag()
	}
	if tag.Count == 0 {
		moved = tag.Into
	}
	return tag, moved, err
}

// AllTags returns a page of the tags that have posts or a description, those that came into use last first.
func (r *Reading) AllTags(ctx context.Context, cursor string, limit int) ([]Tag, string, error) {
	return r.Tags.List(ctx, cursor, limit)
}

// By returns a page of the posts of an author.
func (r *Reading) By(ctx context.Context, authorID, cursor string, limit int) ([]Entry, string, error) {
	return r.list(ctx, PublishedBy(authorID), cursor, limit)
}

// In returns a page of the posts that became public in a month, such as "2026-11".
func (r *Reading) In(ctx context.Context, month, cursor string, limit int) ([]Entry, string, error) {
	return r.list(ctx, PublishedIn(month), cursor, limit)
}
