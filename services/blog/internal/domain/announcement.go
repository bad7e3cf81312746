package domain

import (
	"context"
	"slices"
	"time"
)

// Announcement tells the followers of a post that it is public, page by page. There is one for each post that was ever public,
// so followers are told once, however often the post is unpublished and published again.
type Announcement struct {
	// ID is that of the post.
	ID string `json:"id"`
	// At is when the post became public. Who follows later is not told.
	At time.Time `json:"at"`
	// Version is that of the publication that began or resumed the announcement.
	Version int64 `json:"version"`
	// Sources are those whose followers are told, in this order. Place is how far that has come.
	Sources []Source  `json:"sources,omitempty"`
	Place   Reached   `json:"place,omitzero"`
	NextAt  time.Time `json:"nextAt,omitzero"`
	// Stopped: the post is not public. Over: all have been told.
	Stopped bool `json:"stopped,omitempty"`
	Over    bool `json:"over,omitempty"`
}

// Reached is a part of the followers of a source.
type Reached struct {
	Source int   `json:"source"`
	Part   int64 `json:"part"`
}

// Lists returns the lists that the announcement belongs to.
func (a *Announcement) Lists() []string {
	if a.ID == "" || a.Stopped || a.Over {
		return nil
	}
	return []string{Unfinished}
}

// begin makes the announcement run, unless all have been told.
func (a *Announcement) begin(postID string, e Event) {
	if a.ID == "" {
		a.ID, a.At = postID, e.At
	}
	if e.Version > a.Version {
		a.Version, a.Stopped = e.Version, false
	}
}

// extend adds sources that are to be read. A tag that was renamed or merged has given its followers to another one, perhaps
// while they were read. So the other one is read after it, again if need be.
func (a *Announcement) extend(sources []Source, became map[string]string) {
	for _, source := range sources {
		if !slices.Contains(a.Sources, source) {
			a.Sources = append(a.Sources, source)
		}
	}
	for i, source := range a.Sources {
		into := Source{Tag: became[source.Tag]}
		if into.Tag != "" && !slices.Contains(a.Sources[i+1:], into) {
			a.Sources = append(slices.Clone(a.Sources), into)
		}
	}
}

// AnnouncementStore stores announcements.
type AnnouncementStore interface {
	// Get fails with errs.NotFound if there is no such announcement.
	Get(ctx context.Context, postID string) (Announcement, error)
	// Upsert changes an announcement by a pure function, which gets the zero Announcement for a new one.
	Upsert(ctx context.Context, postID string, change func(*Announcement) error) (Announcement, error)
	// Unfinished returns a page of those that run.
	Unfinished(ctx context.Context, cursor string, limit int) (running []Announcement, next string, err error)
	// Compact removes the others from the list.
	Compact(ctx context.Context) error
}
