// Package providers publishes the events of the service, and makes HTML of what authors write.
package providers

import (
	"context"
	"strconv"
	"time"

	"stoa/pkg/messaging"
	"stoa/services/blog/internal/domain"
)

// topic carries all events about posts.
const topic = "posts"

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

// commentEvent is the payload of the event about a comment; see api/events.
type commentEvent struct {
	ID   string `json:"id"`
	Post struct {
		ID    string `json:"id"`
		Title string `json:"title"`
		Slug  string `json:"slug"`
	} `json:"post"`
	ReplyTo string    `json:"replyTo,omitempty"` // the first comment of the thread
	Author  author    `json:"author"`            // of the comment, without the address
	Excerpt string    `json:"excerpt"`
	At      time.Time `json:"at"`
	// Recipients are the author of the post and those in the thread, each once, without the author of the comment.
	Recipients []author `json:"recipients"`
}

// author is whom notices about a post go to.
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
