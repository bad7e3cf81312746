// Package providers publishes the events of the service.
package providers

import (
	"context"
	"time"

	"stoa/pkg/messaging"
	"stoa/services/blog/internal/domain"
)

// Events implements domain.Publisher.
type Events struct{ publisher *messaging.Publisher }

// NewEvents returns the Events of the publisher's app.
func NewEvents(publisher *messaging.Publisher) *Events { return &Events{publisher: publisher} }

// created is the payload of blog-item.created.v1; see api/events.
type created struct {
	ID      string    `json:"id"`
	OwnerID string    `json:"ownerId"`
	Name    string    `json:"name"`
	At      time.Time `json:"at"`
}

// Created implements domain.Publisher. The id of the event follows from that of the item.
func (e *Events) Created(ctx context.Context, item domain.Item) error {
	event, err := messaging.New("blog-item.created.v1", item.ID, created{
		ID: item.ID, OwnerID: item.OwnerID, Name: item.Name, At: item.CreatedAt,
	})
	if err != nil {
		return err
	}
	return e.publisher.Publish(ctx, "blog-items", event)
}
