package domain

import (
	"context"
	"slices"
	"time"

	"stoa/pkg/common/errs"
)

// Tag is what the blog knows of a tag, beside its posts.
type Tag struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	// Count is how many published posts have the tag. Recent says which posts have changed it lately, so that no change of a
	// post is counted twice; see Tally.
	Count  int             `json:"count"`
	Recent map[string]Mark `json:"recent,omitempty"`

	// Into is the tag that posts get in place of this one, since it was renamed or merged.
	Into string `json:"into,omitempty"`
	// Dropped says that posts do not get this tag, because it is being deleted.
	Dropped bool `json:"dropped,omitempty"`
	// Job is the latest job that changes this tag, and Joining are those that move posts to it. Those that are over do not count.
	Job     string   `json:"job,omitempty"`
	Joining []string `json:"joining,omitempty"`
}

// Mark is the latest change of a post that a tag has counted.
type Mark struct {
	Number int64     `json:"number"`
	At     time.Time `json:"at"`
}

// Listed reports whether readers and editors see the tag: it has posts, or a description.
func (t *Tag) Listed() bool { return t.Count > 0 || t.Description != "" && t.Into == "" }

// TagStore stores tags, by their names. A name is a clean one, see Texts.
type TagStore interface {
	// Get returns a tag, with nothing but its name if nothing is known of it.
	Get(ctx context.Context, name string) (Tag, error)
	// GetEach returns those of these tags of which something is known, by name.
	GetEach(ctx context.Context, names []string) (map[string]Tag, error)
	// Upsert changes a tag by a pure function, which gets one with nothing but its name for a new one.
	Upsert(ctx context.Context, name string, change func(*Tag) error) (Tag, error)
	// List returns a page of the tags that are listed, and the cursor of the next page, "" at the end.
	List(ctx context.Context, cursor string, limit int) (tags []Tag, next string, err error)
	// Compact removes from the list what does not belong there any more.
	Compact(ctx context.Context) error
}

// maxRenames is how many times a tag can be renamed until nobody remembers the first name.
const maxRenames = 100

// current returns tags as posts get them now: each once, renamed ones by their new names, and without those that are being
// deleted. Use them within requestTime: jobs that begin meanwhile look at all posts once more after that.
func (s Stores) current(ctx context.Context, tags []string) ([]string, error) {
	for range maxRenames {
		known, err := s.Tags.GetEach(ctx, tags)
		if err != nil {
			return nil, err
		}
		current := []string{}
		for _, tag := range tags {
			t := known[tag]
			if t.Into != "" {
				tag = t.Into
			}
			if !t.Dropped && !slices.Contains(current, tag) {
				current = append(current, tag)
			}
		}
		if slices.Equal(current, tags) {
			return current, nil
		}
		tags = current
	}
	return nil, errs.New(errs.Internal, "these tags were renamed in a circle: %v", tags)
}

// has reports whether any content of the post has a tag.
func (p *Post) has(tag string) bool {
	return slices.Contains(p.public(), tag) || slices.Contains(p.wanted(), tag)
}

// public returns the tags that readers see.
func (p *Post) public() []string {
	if p.Published == nil {
		return nil
	}
	return p.Published.Tags
}

// wanted returns the tags of the contents that are not public, each once.
func (p *Post) wanted() []string {
	var tags []string
	if p.Draft != nil {
		tags = append(tags, p.Draft.Tags...)
	}
	if p.Submitted != nil {
		tags = append(tags, p.Submitted.Tags...)
	}
	slices.Sort(tags)
	return slices.Compact(tags)
}

// retag replaces a tag in all contents of the post, by nothing if into is "".
func (p *Post) retag(tag, into string) {
	if p.Draft != nil {
		draft := *p.Draft
		draft.Tags = replaced(draft.Tags, tag, into)
		p.Draft = &draft
	}
	if p.Submitted != nil {
		submitted := *p.Submitted
		submitted.Tags = replaced(submitted.Tags, tag, into)
		p.Submitted = &submitted
	}
	if p.Published != nil {
		published := *p.Published
		published.Tags = replaced(published.Tags, tag, into)
		p.Published = &published
	}
}

// replaced returns tags with one replaced by another, or by nothing.
func replaced(tags []string, tag, into string) []string {
	var all []string
	for _, t := range tags {
		if t == tag {
			t = into
		}
		if t != "" && !slices.Contains(all, t) {
			all = append(all, t)
		}
	}
	return all
}
