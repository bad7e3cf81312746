package domain

import (
	"context"
	"iter"
	"time"
)

// PostStore stores posts and the lists of them.
type PostStore interface {
	// Create stores a post unless one with its id exists, and returns the one that is stored then.
	Create(ctx context.Context, post Post) (Post, error)
	// Get fails with errs.NotFound if there is no such post.
	Get(ctx context.Context, id string) (Post, error)
	// GetEach returns those of these posts that exist.
	GetEach(ctx context.Context, ids []string) ([]Post, error)
	// Update changes a post by a pure function, which runs again if another change came first. It adds the post to the lists
	// that it belongs to then, before it stores it.
	Update(ctx context.Context, id string, change func(*Post) error) (Post, error)
	// List returns a page of the posts that belong to a list, the latest first, and the cursor of the next page, "" at the end.
	List(ctx context.Context, list, cursor string, limit int) (posts []Post, next string, err error)
	// Part returns the posts of part n, counted from 0, that belong to a list. Parts have a size of the caller's, and Parts is how
	// many there are. No post moves from one part to another.
	Part(ctx context.Context, list string, n, size int64) ([]Post, error)
	Parts(ctx context.Context, list string, size int64) (int64, error)
	// Compact removes from the lists what does not belong there any more.
	Compact(ctx context.Context) error
}

// CommentStore stores comments and the lists of them, as PostStore does posts.
type CommentStore interface {
	// Create stores a comment unless one with its id exists, and returns the one that is stored then.
	Create(ctx context.Context, c Comment) (Comment, error)
	// Get fails with errs.NotFound if there is no such comment.
	Get(ctx context.Context, id string) (Comment, error)
	// GetEach returns those of these comments that exist. It misses none of them.
	GetEach(ctx context.Context, ids []string) ([]Comment, error)
	// Update changes a comment by a pure function, which runs again if another change came first.
	Update(ctx context.Context, id string, change func(*Comment) error) (Comment, error)
	// List returns a page of the comments on a list that match, the latest first, and the cursor of the next page.
	List(ctx context.Context, list, cursor string, limit int, match func(Comment) bool) (comments []Comment, next string, err error)
	// Compact removes from the lists what does not belong there any more.
	Compact(ctx context.Context) error
}

// SlugStore stores which post a slug belongs to. A slug belongs to one post, for ever.
type SlugStore interface {
	// Claim gives a slug to a post unless it belongs to another, and returns whose it is then.
	Claim(ctx context.Context, slug, postID string) (owner string, err error)
	// Owner returns the post that a slug belongs to, "" for none.
	Owner(ctx context.Context, slug string) (postID string, err error)
}

// Revision is what an author has submitted. It never changes.
type Revision struct {
	PostID string `json:"postId"`
	// Number is the version that the post had when it was submitted.
	Number  int64     `json:"number"`
	At      time.Time `json:"at"`
	Content Content   `json:"content"`
}

// asDraft returns the content as a draft that has its text in the revision.
func (r Revision) asDraft() Content {
	content := r.Content
	content.Text, content.TextIn = "", r.Number
	return content
}

// RevisionStore stores the revisions of posts.
type RevisionStore interface {
	// Save stores a revision, unless it is there: two with one number have the same content.
	Save(ctx context.Context, revision Revision) error
	// Get fails with errs.NotFound if there is no such revision.
	Get(ctx context.Context, postID string, number int64) (Revision, error)
	// Erase removes what a revision says, if it is there, for good.
	Erase(ctx context.Context, postID string, number int64) error
	// All yields all revisions of a post, and misses none.
	All(ctx context.Context, postID string) iter.Seq2[[]Revision, error]
	// List returns a page of the revisions of a post, the latest first, and the cursor of the next page, "" at the end.
	List(ctx context.Context, postID, cursor string, limit int) (revisions []Revision, next string, err error)
}

// Article is what readers see of a text.
type Article struct {
	HTML        string    `json:"html"`
	TOC         []Heading `json:"toc,omitempty"`
	Words       int       `json:"words"`
	ReadingTime int       `json:"readingTime"`
	Excerpt     string    `json:"excerpt"`
	// Plain is the text without markup. It is stored beside the article, because only searches read it.
	Plain string `json:"-"`
}

// Heading is one entry of a table of contents.
type Heading struct {
	Level int    `json:"level"`
	ID    string `json:"id"`
	Text  string `json:"text"`
}

// ArticleStore stores the articles of published revisions.
type ArticleStore interface {
	// Save stores the article of a revision.
	Save(ctx context.Context, postID string, revision int64, article Article) error
	// Erase removes the article of a revision, if it is there.
	Erase(ctx context.Context, postID string, revision int64) error
	// Read returns the article of a revision, and the author.
	Read(ctx context.Context, postID string, revision int64, authorID string) (Article, Author, error)
}

// Texts turns what authors write into what readers get. Its functions are pure.
type Texts interface {
	// Render fails with errs.Invalid, with the field text, for a text that nobody could read.
	Render(markdown string) (Article, error)
	// Slug is "" for a title without a letter or digit, and never the text of an id. The slug of a slug is itself.
	Slug(title string) string
	// Tag is "" for what is no tag. The tag of a tag is itself.
	Tag(typed string) string
	// Comment returns plain text as safe HTML with links.
	Comment(plain string) string
	// Diff compares two versions of a text.
	Diff(before, after string) Difference
}

// Difference is what changed between two versions of a text, row by row.
type Difference struct {
	Rows           []Row
	Removed, Added int
}

// Row is a passage in both versions. Either may be empty.
type Row struct{ Old, New []Span }

// Span is a piece of a passage, which the other version does not have if Changed.
type Span struct {
	Text    string
	Changed bool
}
