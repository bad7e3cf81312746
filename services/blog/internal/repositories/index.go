package repositories

import (
	"context"
	"iter"
	"strings"

	"stoa/pkg/search"
	"stoa/pkg/sidecar"
	"stoa/services/blog/internal/domain"
)

// snippetSize is how many bytes of a text a snippet has, about.
const snippetSize = 200

// Index implements domain.PostIndex.
type Index struct {
	*search.Index
	posts    *Posts
	articles *Articles
}

// NewIndex returns the index of the posts in the sidecar's store. After a change of fields or weights, it has to be rebuilt.
func NewIndex(s *sidecar.Sidecar) *Index {
	return &Index{search.New(s, store, "posts",
		search.Field{Name: "title", Weight: 4, Length: 8},
		search.Field{Name: "tags", Weight: 3, Length: 3},
		search.Field{Name: "description", Weight: 2, Length: 20},
		search.Field{Name: "text", Weight: 1, Length: 500},
	), NewPosts(s), NewArticles(s)}
}

// Put implements domain.PostIndex.
func (x *Index) Put(ctx context.Context, post domain.Post) error {
	if post.Published == nil {
		return x.Remove(ctx, post.ID, post.Version)
	}
	documents, err := x.documents(ctx, []domain.Post{post})
	if err != nil {
		return err
	}
	return x.Index.Put(ctx, documents...)
}

// documents returns published posts as the index gets them. What a post says changes with its version only.
func (x *Index) documents(ctx context.Context, posts []domain.Post) ([]search.Document, error) {
	texts, err := x.articles.plainOf(ctx, posts)
	documents := make([]search.Document, len(posts))
	for i, p := range posts {
		documents[i] = search.Document{ID: p.ID, Version: p.Version, Tags: p.Published.Tags, Texts: map[string]string{
			"title": p.Published.Title, "tags": strings.Join(p.Published.Tags, " "),
			"description": p.Published.Description, "text": texts[p.ID],
		}}
	}
	return documents, err
}

// Find implements domain.PostIndex.
func (x *Index) Find(
	ctx context.Context, q domain.Query, match func(domain.Post) bool,
) (found []domain.Found, next string, err error) {
	err = x.InTurn(ctx, func() (err error) {
		found, next, err = x.find(ctx, q, match)
		return err
	})
	return found, next, err
}

func (x *Index) find(ctx context.Context, q domain.Query, match func(domain.Post) bool) ([]domain.Found, string, error) {
	query := search.Query{Text: q.Text, Tag: q.Tag, Cursor: q.Cursor, Limit: q.Limit}
	load := func(ctx context.Context, ids []string) (map[string]domain.Post, error) {
		posts, err := x.posts.GetEach(ctx, ids)
		matching := make(map[string]domain.Post, len(posts))
		for _, p := range posts {
			if match(p) {
				matching[p.ID] = p
			}
		}
		return matching, err
	}
	posts, next, err := search.Find(ctx, x.Index, query, load)
	if err != nil {
		return nil, "", err
	}
	texts, err := x.articles.plainOf(ctx, posts)
	found, mark := make([]domain.Found, len(posts)), query.Marker(snippetSize)
	for i, p := range posts {
		found[i] = domain.Found{Post: p, Snippet: mark(texts[p.ID], p.Published.Description)}
	}
	return found, next, err
}

// Work does what the index needs now and then, see search.Index.
func (x *Index) Work(ctx context.Context) error { return x.Index.Work(ctx, x.all) }

// all implements search.Source.
func (x *Index) all(ctx context.Context) (total int, documents iter.Seq2[search.Document, error], err error) {
	entries, err := x.posts.Parts(ctx, domain.Latest, 1)
	return int(entries), func(yield func(search.Document, error) bool) {
		for posts, err := range x.posts.lists.Batches(ctx, domain.Latest, sidecar.Patiently, x.posts.on(domain.Latest)) {
			var some []search.Document
			if err == nil {
				err = sidecar.Patiently(ctx, func() (err error) { some, err = x.documents(ctx, posts); return err })
			}
			if err != nil {
				yield(search.Document{}, err)
				return
			}
			for _, d := range some {
				if !yield(d, nil) {
					return
				}
			}
		}
	}, err
}
