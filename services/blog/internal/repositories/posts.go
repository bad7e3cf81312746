// Package repositories stores the blog in the state store of the service.
package repositories

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/sidecar"
	"stoa/services/blog/internal/domain"
)

// store is the name of the state store component.
const store = "blog-store"

// Posts implements domain.PostStore: a document for each post, and the lists that posts belong to.
type Posts struct {
	posts     *sidecar.Documents[domain.Post]
	lists     *sidecar.Lists[domain.Post]
	shrinking *shrinking
}

// NewPosts returns the posts in the sidecar's store.
func NewPosts(s *sidecar.Sidecar) *Posts {
	posts := sidecar.NewDocuments[domain.Post](s, store, "post")
	return &Posts{posts: posts, lists: sidecar.NewLists(posts, "posts"), shrinking: newShrinking(s)}
}

// Create implements domain.PostStore. The list comes before the document, so that every post is listed: a crash in between
// leaves an entry without a document, which List passes over.
func (r *Posts) Create(ctx context.Context, post domain.Post) (domain.Post, error) {
	known, err := r.posts.Find(ctx, post.ID)
	if err != nil || known.Exists() {
		return known.Value, err
	}
	if err := r.join(ctx, post, nil); err != nil {
		return domain.Post{}, err
	}
	err = r.posts.Create(ctx, post.ID, post, 0)
	if errs.Is(err, errs.Conflict) { // another request was quicker
		return r.Get(ctx, post.ID)
	}
	return post, err
}

// Get implements domain.PostStore.
func (r *Posts) Get(ctx context.Context, id string) (domain.Post, error) {
	if !ids.Valid(id) {
		return domain.Post{}, domain.NotFound()
	}
	found, err := r.posts.Find(ctx, id)
	if err == nil && !found.Exists() {
		return domain.Post{}, domain.NotFound()
	}
	return found.Value, err
}

// GetEach implements domain.PostStore.
func (r *Posts) GetEach(ctx context.Context, ids []string) ([]domain.Post, error) {
	return valuesOf(r.posts.GetEach(ctx, ids))
}

func valuesOf[T any](documents []sidecar.Document[T], err error) ([]T, error) {
	values := make([]T, len(documents))
	for i, d := range documents {
		values[i] = d.Value
	}
	return values, err
}

// Update implements domain.PostStore. Like Create, it adds the post to its lists first. The lists that the post has left keep
// an entry until they are compacted.
func (r *Posts) Update(ctx context.Context, id string, change func(*domain.Post) error) (domain.Post, error) {
	for {
		stored, err := r.posts.Find(ctx, id)
		if err != nil || !stored.Exists() {
			return domain.Post{}, cmp.Or(err, domain.NotFound())
		}
		post, before := stored.Value, stored.Value.Lists()
		if err := change(&post); err != nil {
			return domain.Post{}, err
		}
		if err := r.join(ctx, post, before); err != nil {
			return domain.Post{}, err
		}
		if err = r.posts.Swap(ctx, stored, post); err == nil {
			r.shrinking.note(ctx, without(before, append(post.Lists(), domain.Unfinished)))
		}
		if !errs.Is(err, errs.Conflict) {
			return post, err
		}
	}
}

// join adds a post to those of its lists that it is not on yet.
func (r *Posts) join(ctx context.Context, post domain.Post, on []string) error {
	for _, list := range without(post.Lists(), on) {
		if err := r.lists.Add(ctx, list, post.ID); err != nil {
			return err
		}
	}
	return nil
}

func without(lists, others []string) []string {
	return slices.DeleteFunc(lists, func(list string) bool { return slices.Contains(others, list) })
}

// List implements domain.PostStore.
func (r *Posts) List(ctx context.Context, list, cursor string, limit int) ([]domain.Post, string, error) {
	return r.lists.Page(ctx, list, cursor, limit, func(p domain.Post) bool { return p.IsOn(list) })
}

// Part implements domain.PostStore.
func (r *Posts) Part(ctx context.Context, list string, n, size int64) ([]domain.Post, error) {
	return r.lists.Part(ctx, list, n, size, func(p domain.Post) bool { return p.IsOn(list) })
}

// Parts implements domain.PostStore.
func (r *Posts) Parts(ctx context.Context, list string, size int64) (int64, error) {
	return r.lists.Parts(ctx, list, size)
}

// Compact removes from the lists the posts that have left them: from Unfinished always, since every act passes through it.
func (r *Posts) Compact(ctx context.Context) error {
	compact := func(ctx context.Context, list string) error {
		return r.lists.Compact(ctx, list, func(p domain.Post) bool { return p.IsOn(list) })
	}
	return errors.Join(compact(ctx, domain.Unfinished), r.shrinking.compact(ctx, compact))
}
