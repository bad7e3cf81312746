package domain

import (
	"context"
	"slices"
	"strings"
	"time"
)

// OwnData is what the blog stores about an account: what it knows of it as an author, what it follows, its posts with the text of
// each, its comments, and what it has reported. It has nothing of others.
type OwnData struct{ *Workflow }

// NewOwnData returns what the stores of a workflow have.
func NewOwnData(workflow *Workflow) *OwnData { return &OwnData{workflow} }

// The kinds of what is stored, in the order of their pages.
var dataKinds = []string{"author", "following", "draft", "submission", "published-post", "comment", "report"}

// How many are on a page: posts have their texts.
const (
	postsOfData    = 5
	commentsOfData = 100
)

// Page returns some things of one kind, and the cursor of the next page, "" at the end. A cursor begins with the kind.
func (o *OwnData) Page(ctx context.Context, accountID, cursor string) (kind string, things []any, next string, err error) {
	kind, cursor, _ = strings.Cut(cursor, " ")
	at := max(0, slices.Index(dataKinds, kind))
	kind = dataKinds[at]
	things, next, err = o.page(ctx, kind, accountID, cursor)
	switch {
	case next != "":
		next = kind + " " + next
	case at+1 < len(dataKinds):
		next = dataKinds[at+1] + " "
	}
	return kind, things, next, err
}

func (o *OwnData) page(ctx context.Context, kind, accountID, cursor string) (things []any, next string, err error) {
	switch kind {
	case "author":
		author, err := o.Authors.Get(ctx, accountID)
		return []any{author}, "", err
	case "following":
		known, err := o.Followers.Get(ctx, accountID)
		for _, follow := range known.Follows {
			things = append(things, follow)
		}
		return things, "", err
	case "draft":
		return o.posts(ctx, DraftsOf(accountID), cursor)
	case "submission":
		return o.posts(ctx, SubmissionsOf(accountID), cursor)
	case "published-post":
		return o.posts(ctx, PublishedBy(accountID), cursor)
	case "comment":
		return o.comments(ctx, accountID, cursor)
	default:
		return o.reports(ctx, accountID, cursor)
	}
}

// written is a post with the text of its newest content.
type written struct {
	Post Post    `json:"post"`
	Text Content `json:"newest"`
}

func (o *OwnData) posts(ctx context.Context, list, cursor string) (things []any, next string, err error) {
	posts, next, err := o.Posts.List(ctx, list, cursor, postsOfData)
	for _, post := range posts {
		var newest Content
		if err == nil {
			newest, err = o.complete(ctx, post.ID, post.Newest())
		}
		things = append(things, written{post, newest})
	}
	return things, next, err
}

func (o *OwnData) comments(ctx context.Context, accountID, cursor string) (things []any, next string, err error) {
	list := CommentsBy(accountID)
	comments, next, err := o.Comments.List(ctx, list, cursor, commentsOfData, func(c Comment) bool {
		return slices.Contains(c.Lists(), list)
	})
	for _, c := range comments {
		c.Reports, c.Addition, c.Request = nil, nil, "" // they are about others
		things = append(things, c)
	}
	return things, next, err
}

// reported is a report with the comment that it is about.
type reported struct {
	CommentID string    `json:"commentId"`
	At        time.Time `json:"at"`
	Reason    string    `json:"reason"`
}

// reports returns those that no editor has decided about: after that, reports are not stored.
func (o *OwnData) reports(ctx context.Context, accountID, cursor string) (things []any, next string, err error) {
	comments, next, err := o.Comments.List(ctx, Reported, cursor, commentsOfData, func(c Comment) bool { return len(c.Reports) > 0 })
	for _, c := range comments {
		for _, r := range c.Reports {
			if r.By == accountID {
				things = append(things, reported{c.ID, r.At, r.Reason})
			}
		}
	}
	return things, next, err
}
