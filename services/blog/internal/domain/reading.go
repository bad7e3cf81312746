package domain

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode"
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

// WithTag returns a page of the posts with a tag, however it is typed.
func (r *Reading) WithTag(ctx context.Context, tag, cursor string, limit int) ([]Entry, string, error) {
	return r.list(ctx, Tagged(r.texts.Tag(tag)), cursor, limit)
}

// By returns a page of the posts of an author.
func (r *Reading) By(ctx context.Context, authorID, cursor string, limit int) ([]Entry, string, error) {
	return r.list(ctx, PublishedBy(authorID), cursor, limit)
}

// In returns a page of the posts that became public in a month, such as "2026-11".
func (r *Reading) In(ctx context.Context, month, cursor string, limit int) ([]Entry, string, error) {
	return r.list(ctx, PublishedIn(month), cursor, limit)
}

// How many posts are compared with one in search of similar ones: of each of its tags, and of the latest.
const (
	similarByTag  = 20
	similarLatest = 60
)

// Similar returns the published posts that are most like this one: those that share the most tags, and of these those that
// share the most words of title and description. It compares the latest posts of each tag, and the latest of all.
func (r *Reading) Similar(ctx context.Context, id string, limit int) ([]Entry, error) {
	post, err := r.published(ctx, id)
	if err != nil {
		return nil, err
	}
	found := map[string]Post{}
	look := func(list string, limit int) error {
		posts, _, err := r.Posts.List(ctx, list, "", limit)
		for _, p := range posts {
			found[p.ID] = p
		}
		return err
	}
	err = look(Latest, similarLatest)
	for _, tag := range post.Published.Tags {
		err = cmp.Or(err, look(Tagged(tag), similarByTag))
	}
	if err != nil {
		return nil, err
	}
	delete(found, id)
	return r.withAuthors(ctx, mostSimilar(post, found, limit))
}

// mostSimilar returns the posts that are most like one, the most similar first.
func mostSimilar(post Post, among map[string]Post, limit int) []Post {
	type candidate struct {
		Post
		tags, words int
	}
	var candidates []candidate
	words := wordsOf(post)
	for _, other := range among {
		c := candidate{Post: other}
		for _, tag := range other.Published.Tags {
			if slices.Contains(post.Published.Tags, tag) {
				c.tags++
			}
		}
		for word := range wordsOf(other) {
			if words[word] {
				c.words++
			}
		}
		if c.tags+c.words > 0 {
			candidates = append(candidates, c)
		}
	}
	slices.SortFunc(candidates, func(a, b candidate) int {
		return cmp.Or(b.tags-a.tags, b.words-a.words, b.Published.At.Compare(a.Published.At), strings.Compare(a.ID, b.ID))
	})
	posts := make([]Post, 0, limit)
	for _, c := range candidates[:min(limit, len(candidates))] {
		posts = append(posts, c.Post)
	}
	return posts
}

// shortWord is the length in bytes of words that say nothing about a post, such as "the".
const shortWord = 3

// wordsOf returns the words of title and description, in lower case.
func wordsOf(p Post) map[string]bool {
	words := map[string]bool{}
	line := strings.ToLower(p.Published.Title + " " + p.Published.Description)
	isNoLetter := func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsNumber(c) }
	for _, word := range strings.FieldsFunc(line, isNoLetter) {
		if len(word) > shortWord {
			words[word] = true
		}
	}
	return words
}
