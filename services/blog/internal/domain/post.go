// Package domain has the posts of the blog: what they are, how authors write them, how editors publish them, and how readers
// find them and comment on them.
package domain

import (
	"slices"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
)

// Post is one post with all that authors and editors decide about it. Its texts are in its revisions, except that of an open
// draft: so lists, which read posts, stay small.
type Post struct {
	ID       string `json:"id"`
	AuthorID string `json:"authorId"`
	// Version counts the changes. It is the ETag of the post, and revisions are numbered by it.
	Version   int64     `json:"version"`
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
	// Request is the fingerprint of the request that created the post.
	Request string `json:"request,omitempty"`

	// Draft is what the author is writing, nil if all of it is submitted or published.
	Draft *Content `json:"draft,omitempty"`
	// Submitted waits for an editor, or for its time.
	Submitted *Submission `json:"submitted,omitempty"`
	// Published is what readers see.
	Published *Publication `json:"published,omitempty"`
	// DeletedAt is when the author deleted the post.
	DeletedAt time.Time `json:"deletedAt,omitzero"`

	// EraseAt is when the texts of the post, which is deleted, are to be erased; zero if they are not, or are gone.
	EraseAt time.Time `json:"eraseAt,omitzero"`

	// Comments counts what readers see below the post. No version counts that.
	Comments Count `json:"comments,omitzero"`

	// Slugs are all under which readers have seen the post, the current one last. The others lead to it, for ever.
	Slugs []string `json:"slugs,omitempty"`
	// History is who did what and why, the latest last.
	History []Step `json:"history,omitempty"`
	// Events are those that the broker has not accepted yet; see Publisher.
	Events []Event `json:"events,omitempty"`
	// Tallies are the changes that the tags of the post have not counted yet. Tallied is the number of the latest one.
	Tallies []Tally `json:"tallies,omitempty"`
	Tallied int64   `json:"tallied,omitempty"`
	// Unindexed is the version since which the search index does not know what readers see, 0 if it does.
	Unindexed int64 `json:"unindexed,omitempty"`
}

// Content is what an author writes.
type Content struct {
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	ImageURL    string `json:"imageUrl,omitempty"`
	// Slug is the wish of the author, or what was reserved for the post when it was submitted.
	Slug string   `json:"slug,omitempty"`
	Tags []string `json:"tags,omitempty"`
	// Text is the Markdown, unless it is that of the revision TextIn.
	Text   string `json:"text,omitempty"`
	TextIn int64  `json:"textIn,omitempty"`
}

// Submission is a revision that an editor has to decide about.
type Submission struct {
	Content
	Revision int64     `json:"revision"`
	At       time.Time `json:"at"`
	// PublishAt is when the revision is published that Editor has approved; zero if none has.
	PublishAt time.Time `json:"publishAt,omitzero"`
	Editor    string    `json:"editor,omitempty"`
}

// Scheduled reports whether an editor has approved the submission for a later time.
func (s *Submission) Scheduled() bool { return s != nil && !s.PublishAt.IsZero() }

// Publication is the revision that readers see.
type Publication struct {
	Content
	Revision int64 `json:"revision"`
	// At is when the post became public, and RevisedAt when this revision did.
	At        time.Time `json:"at"`
	RevisedAt time.Time `json:"revisedAt"`
	// Words, ReadingTime (in minutes) and Excerpt are those of the text.
	Words       int    `json:"words"`
	ReadingTime int    `json:"readingTime"`
	Excerpt     string `json:"excerpt"`
}

// Status is how far a post has come.
type Status string

// The statuses.
const (
	IsDraft       Status = "draft"
	IsSubmitted   Status = "submitted"
	IsScheduled   Status = "scheduled"
	IsPublished   Status = "published"
	IsUnpublished Status = "unpublished"
)

// Status is the furthest that the post has come: a published post may have a draft, and a submission.
func (p *Post) Status() Status {
	switch {
	case p.Published != nil:
		return IsPublished
	case p.Submitted.Scheduled():
		return IsScheduled
	case p.Submitted != nil:
		return IsSubmitted
	case len(p.Slugs) > 0:
		return IsUnpublished
	}
	return IsDraft
}

// Deleted reports whether the author has deleted the post.
func (p *Post) Deleted() bool { return !p.DeletedAt.IsZero() }

// Slug is the current address of the post, "" if it was never public.
func (p *Post) Slug() string {
	if len(p.Slugs) == 0 {
		return ""
	}
	return p.Slugs[len(p.Slugs)-1]
}

// Newest returns the content that an edit begins with: the draft, else what is submitted, else what is published.
func (p *Post) Newest() Content {
	switch {
	case p.Draft != nil:
		return *p.Draft
	case p.Submitted != nil:
		return p.Submitted.Content
	case p.Published != nil:
		return p.Published.Content
	}
	return Content{}
}

// Lists returns the lists that the post belongs to. This alone decides: other entries of lists are left over from earlier.
func (p *Post) Lists() []string {
	var lists []string
	if p.Draft != nil {
		lists = append(lists, DraftsOf(p.AuthorID))
	}
	if p.Submitted != nil {
		lists = append(lists, Submissions, SubmissionsOf(p.AuthorID))
	}
	if p.Published != nil {
		lists = append(lists, Latest, PublishedBy(p.AuthorID), PublishedIn(MonthOf(p.Published.At)))
	}
	for _, tag := range p.public() {
		lists = append(lists, Tagged(tag))
	}
	for _, tag := range p.wanted() {
		lists = append(lists, Wanting(tag))
	}
	if p.pending() || p.Submitted.Scheduled() {
		lists = append(lists, Unfinished)
	}
	if !p.EraseAt.IsZero() {
		lists = append(lists, Erasing)
	}
	return lists
}

// pending reports whether the change of a post has still to reach the broker, the tags or the search index.
func (p *Post) pending() bool { return len(p.Events)+len(p.Tallies) > 0 || p.Unindexed != 0 }

// IsOn reports whether the post belongs to a list.
func (p *Post) IsOn(list string) bool { return slices.Contains(p.Lists(), list) }

// The lists that there is one of.
const (
	// Latest has all published posts.
	Latest = "latest"
	// Submissions has the posts that wait for an editor, or for their time.
	Submissions = "submitted"
	// Unfinished has the posts that the schedule has to look at: their time will come, an event was not
	// published yet, a tag not counted, or a change not indexed.
	Unfinished = "unfinished"
	// Erasing has the deleted posts whose texts are to be erased.
	Erasing = "erasing"
)

// DraftsOf is the list of an author's open drafts.
func DraftsOf(authorID string) string { return "drafts-of:" + authorID }

// SubmissionsOf is the list of what an author has submitted.
func SubmissionsOf(authorID string) string { return "submitted-of:" + authorID }

// PublishedBy is the list of an author's published posts.
func PublishedBy(authorID string) string { return "published-by:" + authorID }

// PublishedIn is the list of the posts that became public in a month, such as "2026-11".
func PublishedIn(month string) string { return "published-in:" + month }

// MonthOf returns the month of a time in UTC.
func MonthOf(at time.Time) string { return at.UTC().Format("2006-01") }

// Tagged is the list of the published posts with a tag. The tag is not part of the name, because some stores take keys for one
// that differ only by accents.
func Tagged(tag string) string { return "tagged:" + ids.Derive("tag", tag) }

// Wanting is the list of the posts with a tag in a draft or in what is submitted: nobody reads it but jobs that change the tag.
func Wanting(tag string) string { return "wanting:" + ids.Derive("tag", tag) }

// NotFound is the error for a post that does not exist, or that the caller may not know of.
func NotFound() error { return errs.New(errs.NotFound, "there is no such post") }
