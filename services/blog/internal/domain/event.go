package domain

import (
	"context"
	"slices"
	"time"

	"stoa/pkg/common/errs"
)

// EventType is what happened to a post.
type EventType string

// The types of events.
const (
	PostSubmitted   EventType = "post.submitted"
	PostPublished   EventType = "post.published"
	PostRefused     EventType = "post.refused"
	PostUnpublished EventType = "post.unpublished"
	CommentAdded    EventType = "comment.added"
	PostAnnounced   EventType = "post.announced"
)

// Event is something that happened to a post, with the post as it was then.
type Event struct {
	Type EventType `json:"type"`
	// Version is the version of the post before the event. It tells the events of a post apart.
	Version  int64     `json:"version"`
	At       time.Time `json:"at"`
	By       string    `json:"by"`
	Note     string    `json:"note,omitempty"`
	Title    string    `json:"title"`
	Slug     string    `json:"slug"`
	Revision int64     `json:"revision"`
}

// Addition is the event CommentAdded, with the post as readers saw it then.
type Addition struct {
	Title   string `json:"title"`
	Slug    string `json:"slug"`
	Excerpt string `json:"excerpt"`
	// Recipients are the accounts to tell, each once.
	Recipients []string `json:"recipients,omitempty"`
}

// announce adds an event to those that are to be published.
func (p *Post) announce(kind EventType, intent Intent, content Content, revision int64) {
	p.Events = append(p.Events, Event{
		Type: kind, Version: p.Version, At: intent.Now, By: intent.By, Note: intent.Note,
		Title: content.Title, Slug: content.Slug, Revision: revision,
	})
}

// forget removes events that have been published.
func (p *Post) forget(published []Event) {
	p.Events = slices.DeleteFunc(p.Events, func(e Event) bool { return slices.Contains(published, e) })
}

// Bus publishes events.
type Bus interface {
	// Publish returns when the broker has accepted the event. The same event always gets the same id.
	Publish(ctx context.Context, post Post, author Author, e Event) error
	// PublishComment does the same for the Addition of a comment.
	PublishComment(ctx context.Context, c Comment, author Author, recipients []Author) error
	// PublishAnnouncement tells these followers that a post has become public at a time. An event to the same followers gets the
	// same id.
	PublishAnnouncement(ctx context.Context, post Post, author Author, at time.Time, recipients []Author) error
}

// Publisher tells others of the changes of posts: the broker, the tags and the search index. What it has to tell is stored in the post
// in the same write as the change, so neither exists without the other. It stays there until it was told.
type Publisher struct {
	posts   PostStore
	authors AuthorStore
	bus     Bus
	tallies tallies
	index   PostIndex
	// announcements begin when a post becomes public.
	announcements AnnouncementStore
}

// NewPublisher returns the publisher of the posts in these stores.
func NewPublisher(stores Stores, bus Bus) *Publisher {
	return &Publisher{
		posts: stores.Posts, authors: stores.Authors, bus: bus, tallies: tallies{stores.Posts, stores.Tags}, index: stores.Index,
		announcements: stores.Announcements,
	}
}

// flush publishes the events of a post, counts its tallies and indexes it, and removes from it what was done. Only the events are
// waited for: while the broker is down it fails. The change stands all the same: the same request again, or the schedule, does the
// rest, with the same ids of events.
func (p *Publisher) flush(ctx context.Context, post Post) error {
	if !post.pending() {
		return nil
	}
	counted, unpublished, indexed := p.tallies.count(ctx, post), p.publish(ctx, post), p.indexed(ctx, post)
	_, err := p.posts.Update(ctx, post.ID, func(stored *Post) error {
		if unpublished == nil {
			stored.forget(post.Events)
		}
		if indexed && stored.Unindexed == post.Unindexed {
			stored.Unindexed = 0
		}
		stored.settle(counted)
		return nil
	})
	switch {
	case unpublished != nil:
		return unpublished
	case errs.Is(err, errs.Unavailable):
		return nil // all is published, and the schedule will find that out
	}
	return err
}

// publish publishes the events of a post, and begins to tell its followers once it is public.
func (p *Publisher) publish(ctx context.Context, post Post) error {
	if len(post.Events) == 0 {
		return nil
	}
	author, err := p.authors.Get(ctx, post.AuthorID)
	for _, e := range post.Events {
		if err == nil && e.Type == PostPublished {
			_, err = p.announcements.Upsert(ctx, post.ID, func(a *Announcement) error {
				a.begin(post.ID, e)
				return nil
			})
		}
		if err == nil {
			err = p.bus.Publish(ctx, post, author, e)
		}
	}
	return err
}
