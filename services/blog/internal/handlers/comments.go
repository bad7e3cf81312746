package handlers

import (
	"context"
	"time"

	"stoa/pkg/common/ids"
	"stoa/pkg/common/web"
	"stoa/services/blog/internal/domain"
)

// comments handles requests about what is written below posts.
type comments struct{ discussion *domain.Discussion }

// Comment is a comment as everyone sees it.
type Comment struct {
	ID        string              `json:"id" format:"uuid"`
	ReplyTo   string              `json:"replyTo,omitempty" format:"uuid" doc:"The comment that begins the thread; absent for that comment itself"`
	State     domain.CommentState `json:"state" enum:"visible,hidden,removed,deleted" doc:"One that is not visible has no author and no text. It is listed while it has replies"`
	Author    *author             `json:"author,omitempty"`
	Text      string              `json:"text,omitempty" doc:"As it was typed"`
	HTML      string              `json:"html,omitempty" doc:"The text with links, safe to show as it is"`
	CreatedAt time.Time           `json:"createdAt"`
	EditedAt  *time.Time          `json:"editedAt,omitempty"`
	Replies   int                 `json:"replies" doc:"How many visible replies there are"`
}

func commentOf(c domain.Contribution) Comment {
	view := Comment{
		ID: c.Comment.ID, ReplyTo: c.Comment.ReplyTo, State: c.Comment.State, Text: c.Comment.Text, HTML: c.HTML,
		CreatedAt: c.Comment.CreatedAt, Replies: c.Comment.Replies.Number,
	}
	if c.Author.ID != "" {
		by := authorOf(c.Author)
		view.Author = &by
	}
	if !c.Comment.EditedAt.IsZero() {
		view.EditedAt = &c.Comment.EditedAt
	}
	return view
}

// placedComment is a comment with the post that it is on.
type placedComment struct {
	Comment
	PostID string `json:"postId" format:"uuid"`
}

// moderated is a comment as editors see it, whatever its state.
type moderated struct {
	Comment
	PostID  string       `json:"postId" format:"uuid"`
	Reports []report     `json:"reports" nullable:"false" doc:"Up to 50 that no editor has decided about"`
	History []moderation `json:"history" nullable:"false" doc:"The latest 50 decisions, the latest last"`
}

// report is why a reader wants an editor to look at a comment.
type report struct {
	By     string    `json:"by" format:"uuid" doc:"The account that reports it"`
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
}

// moderation is what an editor decided.
type moderation struct {
	State  domain.CommentState `json:"state" enum:"visible,hidden,removed"`
	By     string              `json:"by" format:"uuid" doc:"The editor"`
	At     time.Time           `json:"at"`
	Reason string              `json:"reason"`
}

func moderatedOf(c domain.Contribution) moderated {
	view := moderated{
		Comment: commentOf(c), PostID: c.Comment.PostID, Reports: make([]report, len(c.Comment.Reports)),
		History: make([]moderation, len(c.Comment.History)),
	}
	for i, r := range c.Comment.Reports {
		view.Reports[i] = report(r)
	}
	for i, m := range c.Comment.History {
		view.History[i] = moderation(m)
	}
	return view
}

type (
	// ByComment names a comment.
	ByComment struct {
		ID string `path:"id" format:"uuid" doc:"The id of the comment"`
	}
	// Words are what a comment says.
	Words struct {
		Text string `json:"text" minLength:"1" maxLength:"5000" doc:"Plain text; addresses of the web become links" example:"We count twice, too."`
	}
	commentsInput struct {
		ByID
		ReplyTo string `query:"replyTo" format:"uuid" doc:"List the replies to this comment, instead of the comments that begin threads"`
		web.Page
	}
	addInput struct {
		ByID
		web.Idempotency
		Body struct {
			Words
			ReplyTo string `json:"replyTo,omitempty" format:"uuid" doc:"A comment on the same post. A reply to a reply belongs to the same thread"`
		}
	}
	changeInput struct {
		ByComment
		Body Words
	}
	reportInput struct {
		ByComment
		Body Reason
	}
	reportsInput struct {
		State string `query:"state" enum:"open,decided" default:"open" doc:"Comments with reports that no editor has decided about, or those that editors have decided about"`
		web.Page
	}
	moderateInput struct {
		ByComment
		Body struct {
			State domain.CommentState `json:"state" enum:"visible,hidden,removed" doc:"hidden is for a while: the comment keeps its place"`
			Reason
		}
	}
	// Reason says why.
	Reason struct {
		Reason string `json:"reason" minLength:"3" maxLength:"1000" pattern:"^[^\\x00]*[^\\s\\x00][^\\x00]*$" patternDescription:"not only spaces, and without the character U+0000" example:"It is an advertisement."`
	}

	commentsOutput  struct{ Body web.Listing[Comment] }
	commentOutput   struct{ Body Comment }
	placedOutput    struct{ Body placedComment }
	moderatedOutput struct{ Body moderated }
	reportsOutput   struct{ Body web.Listing[moderated] }
)

func (h comments) list(ctx context.Context, in *commentsInput) (*commentsOutput, error) {
	found, next, err := h.discussion.List(ctx, in.ID, in.ReplyTo, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return &commentsOutput{web.ListingOf(found, next, commentOf)}, nil
}

func (h comments) read(ctx context.Context, in *ByComment) (*placedOutput, error) {
	found, err := h.discussion.Read(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &placedOutput{placedComment{commentOf(found), found.Comment.PostID}}, nil
}

func (h comments) add(ctx context.Context, in *addInput) (*commentOutput, error) {
	by := writerOf(ctx)
	remark := domain.Remark{PostID: in.ID, ReplyTo: in.Body.ReplyTo, Text: in.Body.Text}
	id := ids.ForRequest("comment", by.ID, in.Key)
	return shownComment(h.discussion.Add(ctx, by, id, ids.Fingerprint(remark), remark, intentOf(ctx, web.IfMatch{})))
}

func (h comments) edit(ctx context.Context, in *changeInput) (*commentOutput, error) {
	return shownComment(h.discussion.Edit(ctx, in.ID, in.Body.Text, intentOf(ctx, web.IfMatch{})))
}

func shownComment(c domain.Contribution, err error) (*commentOutput, error) {
	if err != nil {
		return nil, err
	}
	return &commentOutput{commentOf(c)}, nil
}

func (h comments) delete(ctx context.Context, in *ByComment) (*struct{}, error) {
	return nil, h.discussion.Delete(ctx, in.ID, intentOf(ctx, web.IfMatch{}))
}

func (h comments) report(ctx context.Context, in *reportInput) (*struct{}, error) {
	return nil, h.discussion.Report(ctx, in.ID, in.Body.Reason, intentOf(ctx, web.IfMatch{}))
}

func (h comments) reports(ctx context.Context, in *reportsInput) (*reportsOutput, error) {
	list := h.discussion.Reported
	if in.State == "decided" {
		list = h.discussion.Moderated
	}
	found, next, err := list(ctx, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return &reportsOutput{web.ListingOf(found, next, moderatedOf)}, nil
}

func (h comments) moderate(ctx context.Context, in *moderateInput) (*moderatedOutput, error) {
	intent := intentOf(ctx, web.IfMatch{})
	intent.Note = in.Body.Reason.Reason
	c, err := h.discussion.Moderate(ctx, in.ID, in.Body.State, intent)
	if err != nil {
		return nil, err
	}
	return &moderatedOutput{moderatedOf(c)}, nil
}
