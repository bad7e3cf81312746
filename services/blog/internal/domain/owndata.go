package domain

import (
	"context"
	"slices"
	"strings"
)

// OwnData is what the blog stores about an account: what it knows of it as an author, what it follows, its posts with the text of
// each, and its comments.
type OwnData struct{ *Workflow }

// NewOwnData returns what the stores of a workflow have.
func NewOwnData(workflow *Workflow) *OwnData { return &OwnData{workflow} }

// The kinds of what is stored, in the order of their pages.
var dataKinds = []string{"author", "follow", "draft", "submission", "published-post", "comment"}

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
	switch kind {
	case "author":
		author, err := o.Authors.Get(ctx, accountID)
		return kind, []any{author}, dataKinds[at+1] + " ", err
	case "follow":
		var following Following
		following, err = o.Followers.Get(ctx, accountID)
		for _, follow := range following.Follows {
			things = append(things, follow)
		}
	case "comment":
		var comments []Comment
		comments, next, err = o.Comments.List(ctx, CommentsBy(accountID), cursor, commentsOfData, func(c Comment) bool {
			return slices.Contains(c.Lists(), CommentsBy(accountID))
		})
		for _, c := range comments {
			c.Reports, c.Request = nil, "" // reports are those of others
			things = append(things, c)
		}
	default:
		list := map[string]string{
			"draft": DraftsOf(accountID), "submission": SubmissionsOf(accountID), "published-post": PublishedBy(accountID),
		}[kind]
		things, next, err = o.posts(ctx, list, cursor)
	}
	switch {
	case next != "":
		next = kind + " " + next
	case at+1 < len(dataKinds):
		next = dataKinds[at+1] + " "
	}
	return kind, things, next, err
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
