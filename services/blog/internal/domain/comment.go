package domain

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/names"
)

// Comment is what someone wrote below a post. The first comment of a thread has no ReplyTo; the others are its replies.
type Comment struct {
	ID       string `json:"id"`
	PostID   string `json:"postId"`
	AuthorID string `json:"authorId"`
	// ReplyTo is the first comment of the thread, also for an answer to a reply: there is one level of replies.
	ReplyTo   string    `json:"replyTo,omitempty"`
	Text      string    `json:"text"`
	CreatedAt time.Time `json:"createdAt"`
	EditedAt  time.Time `json:"editedAt,omitzero"`
	// Request is the fingerprint of the request that created the comment.
	Request string `json:"request,omitempty"`

	State CommentState `json:"state"`
	// Version counts the changes of State, and Counted is the latest of them that the counts of post and thread have.
	Version int64     `json:"version"`
	Counted CountedAs `json:"counted,omitzero"`
	// Replies counts the visible replies to the first comment of a thread.
	Replies Count `json:"replies,omitzero"`

	// Reports are those that no editor has decided about, at most maxReports.
	Reports []Report `json:"reports,omitempty"`
	// History is what editors decided, the latest last.
	History []Moderation `json:"history,omitempty"`
	// Addition is the event that the broker has not accepted yet.
	Addition *Addition `json:"addition,omitempty"`
}

// CommentState says whether readers see a comment.
type CommentState string

// The states. An editor can change all but CommentDeleted.
const (
	CommentVisible CommentState = "visible"
	// CommentHidden is out of sight until an editor decides again, and keeps its place on the lists.
	CommentHidden  CommentState = "hidden"
	CommentRemoved CommentState = "removed"
	// CommentDeleted was taken back by its author. Its text is gone.
	CommentDeleted CommentState = "deleted"
)

// Report is why a reader wants an editor to look at a comment.
type Report struct {
	By     string    `json:"by"`
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
}

// Moderation is what an editor decided about a comment, when and why.
type Moderation struct {
	State  CommentState `json:"state"`
	By     string       `json:"by"`
	At     time.Time    `json:"at"`
	Reason string       `json:"reason"`
}

const (
	// maxComment is how many characters a comment has at most, and editTime for how long its author may change it.
	maxComment = 5000
	editTime   = 15 * time.Minute
	// maxReports is how many reports a comment has at most: an editor looks at it after the first.
	maxReports = 50
	// maxExcerpt is how many characters of a comment are in a notice.
	maxExcerpt = 200
)

// Visible reports whether readers see the comment.
func (c *Comment) Visible() bool { return c.State == CommentVisible }

// HasPlace reports whether the comment has a place in its thread: one that is not visible keeps it while it has replies.
func (c *Comment) HasPlace() bool { return c.Visible() || c.Replies.Number > 0 }

// Unfinished reports whether the change that came last has not reached the counts, or the event not the broker.
func (c *Comment) Unfinished() bool { return c.Counted.Version < c.Version || c.Addition != nil }

// Lists returns the lists that the comment belongs to.
func (c *Comment) Lists() []string {
	var lists []string
	if c.HasPlace() || c.State == CommentHidden {
		lists = append(lists, ThreadOf(c.PostID, c.ReplyTo))
	}
	if c.State != CommentDeleted {
		lists = append(lists, CommentsBy(c.AuthorID))
	}
	if len(c.Reports) > 0 {
		lists = append(lists, Reported)
	}
	if len(c.History) > 0 {
		lists = append(lists, Moderated)
	}
	if c.Unfinished() {
		lists = append(lists, Unfinished)
	}
	return lists
}

// The lists of comments that there is one of, besides Unfinished.
const (
	// Reported has the comments with reports that no editor has decided about.
	Reported = "reported"
	// Moderated has the comments that an editor has decided about.
	Moderated = "moderated"
)

// CommentsBy is the list of what an account has written. Nobody but its owner reads it.
func CommentsBy(authorID string) string { return "by:" + authorID }

// ThreadOf is the list of the replies to a comment, or, with "", of the comments that begin the threads of a post.
func ThreadOf(postID, replyTo string) string {
	if replyTo == "" {
		return postID
	}
	return postID + "." + replyTo
}

// become changes the state. Nobody is told of a comment that cannot be read.
func (c *Comment) become(state CommentState) {
	if state != c.State {
		c.State, c.Version = state, c.Version+1
	}
	if !c.Visible() {
		c.Addition = nil
	}
}

// edit changes the text, for a while, unless an editor has to see what was reported. An edit that changes nothing may have come
// before.
func (c *Comment) edit(text string, intent Intent) error {
	switch {
	case c.State != CommentVisible:
		return c.gone("change")
	case c.Text == text:
		return nil
	case len(c.Reports) > 0:
		return errs.New(errs.Conflict, "you cannot change this comment now: it was reported, and an editor is going to read it; you can still delete it")
	case intent.Now.Sub(c.CreatedAt) > editTime:
		return errs.New(errs.Conflict, "a comment can be changed within %d minutes; you can still delete it", int(editTime.Minutes()))
	}
	c.Text, c.EditedAt = text, intent.Now
	return nil
}

// delete takes the comment away for good, unless an editor did.
func (c *Comment) delete() error {
	if c.State == CommentHidden || c.State == CommentRemoved {
		return c.gone("delete")
	}
	c.become(CommentDeleted)
	c.Text, c.Reports = "", nil
	return nil
}

// report adds a report, one of each account.
func (c *Comment) report(reason string, intent Intent) error {
	if !c.Visible() {
		return NoComment()
	}
	mine := func(r Report) bool { return r.By == intent.By }
	if len(c.Reports) < maxReports && !slices.ContainsFunc(c.Reports, mine) {
		c.Reports = append(c.Reports, Report{By: intent.By, At: intent.Now, Reason: reason})
	}
	return nil
}

// moderate records what an editor decides, which settles the reports. The same decision by the same editor, with no report
// since, may have come before.
func (c *Comment) moderate(state CommentState, intent Intent) error {
	if c.State == CommentDeleted {
		return c.gone("decide about")
	}
	if n := len(c.History); n > 0 && len(c.Reports) == 0 {
		if last := c.History[n-1]; last.State == state && last.By == intent.By && last.Reason == intent.Note {
			return nil
		}
	}
	c.History = append(c.History[max(0, len(c.History)+1-maxHistory):], Moderation{
		State: state, By: intent.By, At: intent.Now, Reason: intent.Note,
	})
	c.Reports = nil
	c.become(state)
	return nil
}

// gone says why nobody can do something with a comment that is not visible.
func (c *Comment) gone(do string) error {
	if c.State == CommentDeleted {
		return errs.New(errs.Conflict, "you cannot %s this comment: its author has deleted it", do)
	}
	return errs.New(errs.Conflict, "you cannot %s this comment: an editor has %s it", do, c.State)
}

// cleanComment returns the text of a comment as it is stored.
func cleanComment(typed string) (string, error) {
	text := strings.TrimSpace(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(typed))
	if !names.Visible(text) || strings.ContainsRune(text, 0) {
		return "", errs.InvalidField("text", "must have something that can be seen, and no U+0000")
	}
	if len([]rune(text)) > maxComment {
		return "", errs.InvalidField("text", "must have at most %d characters", maxComment)
	}
	return text, nil
}

// excerptOf returns the beginning of a comment on one line, without characters that change how a notice looks.
func excerptOf(text string) string {
	line := []rune(strings.Join(strings.FieldsFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
	}), " "))
	if len(line) > maxExcerpt {
		return string(line[:maxExcerpt-1]) + "…"
	}
	return string(line)
}

// NoComment is the error for a comment that does not exist, or that the caller may not know of.
func NoComment() error { return errs.New(errs.NotFound, "there is no such comment") }
