package domain

import (
	"context"
	"slices"
	"time"
)

// Query is what a reader searches for.
type Query struct {
	// Text has the words that a post must have.
	Text string
	// Tag, if there is one, is a tag that it must have.
	Tag    string
	Cursor string
	Limit  int
}

// Found is a post that has the words of a query.
type Found struct {
	Post Post
	// Snippet is an excerpt of the text as safe HTML, with the words in <mark>.
	Snippet string
}

// PostIndex finds posts by what readers see of them. It knows less than the posts, or something that is not true any more: so it
// shows only posts that match as they are stored now.
type PostIndex interface {
	// Put makes a post findable as readers see it, or not findable if they do not see it. Versions may come late, and twice: the
	// highest counts.
	Put(ctx context.Context, post Post) error
	// Find returns a page of the posts with the words of a query that match, the best first, and the cursor of the next page, ""
	// at the end.
	Find(ctx context.Context, q Query, match func(Post) bool) (found []Found, next string, err error)
}

// Hit is a post that was found, with its author.
type Hit struct {
	Entry
	Snippet string
}

// Search returns a page of the published posts with the words of a query, the best first, and the cursor of the next page, "" at the
// end. A former name of a tag stands for the tag.
func (r *Reading) Search(ctx context.Context, q Query) (hits []Hit, next string, err error) {
	if q.Tag != "" {
		tags, err := r.current(ctx, []string{r.texts.Tag(q.Tag)})
		if err != nil || len(tags) == 0 || tags[0] == "" {
			return nil, "", err
		}
		q.Tag = tags[0]
	}
	found, next, err := r.Index.Find(ctx, q, func(p Post) bool {
		return p.Published != nil && (q.Tag == "" || slices.Contains(p.Published.Tags, q.Tag))
	})
	posts := make([]Post, len(found))
	for i, f := range found {
		posts[i] = f.Post
	}
	var entries []Entry
	if err == nil {
		entries, err = r.withAuthors(ctx, posts)
	}
	for i, e := range entries {
		hits = append(hits, Hit{e, found[i].Snippet})
	}
	return hits, next, err
}

// reindex notes that the index does not know the post as it is now, if readers saw something else of it before.
func (p *Post) reindex(before *Publication) {
	if !p.Published.same(before) {
		p.Unindexed = p.Version
	}
}

// same reports whether readers see the same in both.
func (p *Publication) same(other *Publication) bool {
	if p == nil || other == nil {
		return p == other
	}
	return p.Revision == other.Revision && slices.Equal(p.Tags, other.Tags)
}

// indexTime bounds how long a request waits for the index.
const indexTime = 2 * time.Second

// indexed puts a post into the index, if that does not know it, and reports whether it has. If it has not, the schedule does.
func (p *Publisher) indexed(ctx context.Context, post Post) bool {
	if post.Unindexed == 0 {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, indexTime)
	defer cancel()
	return p.index.Put(ctx, post) == nil
}
