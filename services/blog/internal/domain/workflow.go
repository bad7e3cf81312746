package domain

import (
	"context"
	"errors"
	"slices"
	"time"

	"stoa/pkg/common/errs"
)

// Stores are where the blog keeps what it knows.
type Stores struct {
	Posts     PostStore
	Slugs     SlugStore
	Revisions RevisionStore
	Articles  ArticleStore
	Authors   AuthorStore
	Comments  CommentStore
	Paces     PaceStore
	Tags      TagStore
	Jobs      JobStore
	Blog      BlogStore
	Index     PostIndex
	// Followers are the accounts that follow something.
	Followers     FollowStore
	Announcements AnnouncementStore
}

// Workflow changes posts. Authoring and Review are its two sides.
type Workflow struct {
	Stores
	texts     Texts
	publisher *Publisher
}

// NewWorkflow returns the workflow of the posts in these stores. Events go to the bus.
func NewWorkflow(stores Stores, texts Texts, bus Bus) *Workflow {
	return &Workflow{Stores: stores, texts: texts, publisher: NewPublisher(stores, bus)}
}

// maxAttempts is how often a change is prepared again because the post has changed meanwhile.
const maxAttempts = 20

// errMoved says that a post has changed since a change of it was prepared.
var errMoved = errors.New("the post has changed meanwhile")

// change changes a post and publishes its events. prepare looks at the post, writes what the change needs beside it, and
// returns the change, which is pure; nil if there is nothing to change. If the post changes meanwhile, prepare runs again.
func (w *Workflow) change(ctx context.Context, id string, now time.Time, prepare func(Post) (func(*Post) error, error)) (Post, error) {
	for range maxAttempts {
		post, err := w.Posts.Get(ctx, id)
		if err != nil {
			return Post{}, err
		}
		change, err := prepare(post)
		if err != nil {
			return Post{}, err
		}
		if change == nil {
			return post, w.publisher.flush(ctx, post)
		}
		changed, err := w.Posts.Update(ctx, id, func(stored *Post) error {
			if stored.Version != post.Version {
				return errMoved
			}
			tags, published := stored.public(), stored.Published
			if err := change(stored); err != nil {
				return err
			}
			stored.tally(tags)
			stored.Version, stored.UpdatedAt = stored.Version+1, now
			stored.reindex(published)
			return nil
		})
		if err == nil {
			err = w.publisher.flush(ctx, changed)
		}
		if !errors.Is(err, errMoved) {
			return changed, err
		}
	}
	return Post{}, errs.New(errs.Unavailable, "too many requests are changing this post; try again")
}

// complete returns content with its text.
func (w *Workflow) complete(ctx context.Context, postID string, content Content) (Content, error) {
	if content.TextIn == 0 {
		return content, nil
	}
	revision, err := w.Revisions.Get(ctx, postID, content.TextIn)
	content.Text, content.TextIn = revision.Content.Text, 0
	return content, err
}

// published returns a post that readers see.
func (s Stores) published(ctx context.Context, id string) (Post, error) {
	post, err := s.Posts.Get(ctx, id)
	if err == nil && post.Published == nil {
		return Post{}, NotFound()
	}
	return post, err
}

// Entry is a post on a list, with its author.
type Entry struct {
	Post   Post
	Author Author
}

// Shown is a post with its author, and the content of it that is shown, with its text.
type Shown struct {
	Entry
	Content Content
}

// list returns a page of a list with the authors of its posts.
func (s Stores) list(ctx context.Context, list, cursor string, limit int) ([]Entry, string, error) {
	posts, next, err := s.Posts.List(ctx, list, cursor, limit)
	if err != nil {
		return nil, "", err
	}
	entries, err := s.withAuthors(ctx, posts)
	return entries, next, err
}

func (s Stores) withAuthors(ctx context.Context, posts []Post) ([]Entry, error) {
	var ids []string
	for _, p := range posts {
		ids = append(ids, p.AuthorID)
	}
	authors, err := s.authorsOf(ctx, ids)
	if err != nil {
		return nil, err
	}
	entries := make([]Entry, len(posts))
	for i, p := range posts {
		entries[i] = Entry{p, authors(p.AuthorID)}
	}
	return entries, nil
}

// authorsOf reads the authors of posts or comments in one call. It returns a function that finds each by id; one that is not
// known has no name.
func (s Stores) authorsOf(ctx context.Context, ids []string) (func(id string) Author, error) {
	slices.Sort(ids)
	known, err := s.Authors.GetMany(ctx, slices.Compact(ids))
	return func(id string) Author {
		author := known[id]
		author.ID = id
		return author
	}, err
}
