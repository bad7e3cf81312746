// Package providers publishes the events of the service, and makes HTML of what authors write.
package providers

import (
	"context"
	"strconv"
	"time"

	"stoa/pkg/messaging"
	"stoa/services/blog/internal/domain"
)

// topic carries all events about posts, but those to followers: these may be many, and the others do not wait for them.
const topic, toFollowers = "posts", "followers"

// Events implements domain.Bus.
type Events struct{ publisher *messaging.Publisher }

// NewEvents returns the events that go through this publisher.
func NewEvents(publisher *messaging.Publisher) *Events { return &Events{publisher} }

// postEvent is the payload of the events about posts; see api/events.
type postEvent struct {
	ID       string    `json:"id"`
	Title    string    `json:"title"`
	Slug     string    `json:"slug"`
	Revision int64     `json:"revision"`
	Author   author    `json:"author"`
	At       time.Time `json:"at"`
	By       string    `json:"by"`
	Note     string    `json:"note,omitempty"`
}

// commentEvent is the payload of the event about a new comment; see api/events.
type commentEvent struct {
	ID         string    `json:"id"`
	Post       post      `json:"post"`
	ReplyTo    string    `json:"replyTo,omitempty"`
	Author     author    `json:"author"` // without an address
	Excerpt    string    `json:"excerpt"`
	At         time.Time `json:"at"`
	Recipients []author  `json:"recipients"`
}

// announcementEvent is the payload of the event to followers; see api/events.
type announcementEvent struct {
	Post       post      `json:"post"`
	Author     author    `json:"author"` // without an address
	At         time.Time `json:"at"`
	Recipients []author  `json:"recipients"`
}

// post is what an event is about.
type post struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Slug  string `json:"slug"`
}

// author is somebody to whom notices go.
type author struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Email string `json:"email,omitempty"`
}

// Publish implements domain.Bus.
func (p *Events) Publish(ctx context.Context, post domain.Post, by domain.Author, e domain.Event) error {
	event, err := messaging.New(string(e.Type)+".v1", post.ID, postEvent{
		ID: post.ID, Title: e.Title, Slug: e.Slug, Revision: e.Revision,
		Author: author{ID: by.ID, Name: by.Name, Email: by.Email}, At: e.At, By: e.By, Note: e.Note,
	}, strconv.FormatInt(e.Version, 10))
	if err != nil {
		return err
	}
	return p.publisher.Publish(ctx, topic, event)
}

// PublishComment implements domain.Bus.
func (p *Events) PublishComment(ctx context.Context, c domain.Comment, by domain.Author, recipients []domain.Author) error {
	data := commentEvent{
		ID: c.ID, Post: post{ID: c.PostID, Title: c.Addition.Title, Slug: c.Addition.Slug}, ReplyTo: c.ReplyTo,
		Author: author{ID: by.ID, Name: by.Name}, Excerpt: c.Addition.Excerpt, At: c.CreatedAt, Recipients: addressed(recipients),
	}
	event, err := messaging.New(string(domain.CommentAdded)+".v1", c.ID, data)
	if err != nil {
		return err
	}
	return p.publisher.Publish(ctx, topic, event)
}

// PublishAnnouncement implements domain.Bus.
func (p *Events) PublishAnnouncement(
	ctx context.Context, about domain.Post, by domain.Author, at time.Time, recipients []domain.Author,
) error {
	whom := make([]string, len(recipients)) // a page that is read again may have others, whom no broker takes for the first ones
	for i, r := range recipients {
		whom[i] = r.ID
	}
	event, err := messaging.New(string(domain.PostAnnounced)+".v1", about.ID, announcementEvent{
		Post:   post{ID: about.ID, Title: about.Published.Title, Slug: about.Slug()},
		Author: author{ID: by.ID, Name: by.Name}, At: at, Recipients: addressed(recipients),
	}, whom...)
	if err != nil {
		return err
	}
	return p.publisher.Publish(ctx, toFollowers, event)
}

func addressed(recipients []domain.Author) []author {
	all := make([]author, len(recipients))
	for i, r := range recipients {
		all[i] = author{ID: r.ID, Name: r.Name, Email: r.Email}
	}
	return all
}
