package domain

import (
	"context"
	"slices"
	"time"
)

// OwnData is what the blog stores about an account, without what it stores about others. Each method returns a page, and the cursor of the
// next one, "" at the end.
type OwnData struct{ *Workflow }

// NewOwnData returns what the stores of a workflow have.
func NewOwnData(workflow *Workflow) *OwnData { return &OwnData{workflow} }

// How many are on a page. A text may take 300 KB of an answer, which has at most 4 MiB.
const (
	postsOfData    = 2
	commentsOfData = 100
)

// Author returns what is known of the account.
func (o *OwnData) Author(ctx context.Context, accountID, _ string) ([]Author, string, error) {
	author, err := o.Authors.Get(ctx, accountID)
	return []Author{author}, "", err
}

// Followed returns what the account follows.
func (o *OwnData) Followed(ctx context.Context, accountID, _ string) ([]Follow, string, error) {
	known, err := o.Followers.Get(ctx, accountID)
	return known.Follows, "", err
}

// Written is a post with the text of its newest content.
type Written struct {
	Post   Post    `json:"post"`
	Newest Content `json:"newest"`
}

// Drafts returns the open drafts of the account.
func (o *OwnData) Drafts(ctx context.Context, accountID, cursor string) ([]Written, string, error) {
	return o.written(ctx, DraftsOf(accountID), cursor)
}

// Submitted returns what the account has submitted.
func (o *OwnData) Submitted(ctx context.Context, accountID, cursor string) ([]Written, string, error) {
	return o.written(ctx, SubmissionsOf(accountID), cursor)
}

// Published returns the published posts of the account.
func (o *OwnData) Published(ctx context.Context, accountID, cursor string) ([]Written, string, error) {
	return o.written(ctx, PublishedBy(accountID), cursor)
}

func (o *OwnData) written(ctx context.Context, list, cursor string) (all []Written, next string, err error) {
	posts, next, err := o.Posts.List(ctx, list, cursor, postsOfData)
	for _, post := range posts {
		var newest Content
		if err == nil {
			newest, err = o.complete(ctx, post.ID, post.Newest())
		}
		if post.Draft != nil { // it is the newest content
			post.Draft.Text = ""
		}
		all = append(all, Written{post, newest})
	}
	return all, next, err
}

// Commented returns the comments of the account.
func (o *OwnData) Commented(ctx context.Context, accountID, cursor string) ([]Comment, string, error) {
	list := CommentsBy(accountID)
	comments, next, err := o.Comments.List(ctx, list, cursor, commentsOfData, func(c Comment) bool {
		return slices.Contains(c.Lists(), list)
	})
	for i := range comments {
		comments[i].Reports, comments[i].Addition = nil, nil // they are about others
	}
	return comments, next, err
}

// Reporting is a report of the account about a comment.
type Reporting struct {
	CommentID string    `json:"commentId"`
	At        time.Time `json:"at"`
	Reason    string    `json:"reason"`
}

// Reported returns what the account has reported, and no editor has decided about: then reports are forgotten.
func (o *OwnData) Reported(ctx context.Context, accountID, cursor string) (all []Reporting, next string, err error) {
	comments, next, err := o.Comments.List(ctx, Reported, cursor, commentsOfData, func(c Comment) bool { return len(c.Reports) > 0 })
	for _, c := range comments {
		for _, report := range c.Reports {
			if report.By == accountID {
				all = append(all, Reporting{c.ID, report.At, report.Reason})
			}
		}
	}
	return all, next, err
}
