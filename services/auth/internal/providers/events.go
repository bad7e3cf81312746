package providers

import (
	"context"
	"time"

	"stoa/pkg/messaging"
	"stoa/services/auth/internal/domain"
)

// topic is where everything that happens to accounts is published.
const topic = "accounts"

// Events implements domain.Events on the topic of accounts.
type Events struct{ publisher *messaging.Publisher }

// NewEvents returns what publishes by this publisher.
func NewEvents(publisher *messaging.Publisher) *Events { return &Events{publisher} }

// accountEvent is the payload of everything that is told about an account; see api/events.
type accountEvent struct {
	ID     string        `json:"id"`
	Email  domain.Email  `json:"email"`
	Name   string        `json:"name"`
	At     time.Time     `json:"at"`
	Reason domain.Reason `json:"reason,omitempty"`
}

// Publish implements domain.Events.
func (e *Events) Publish(ctx context.Context, account domain.Account, news domain.Announcement) error {
	event, err := messaging.New("account."+string(news.Fact)+".v1", account.ID, accountEvent{
		ID: account.ID, Email: account.Email, Name: account.Name, At: news.At, Reason: news.Reason,
	}, news.Cause)
	if err != nil {
		return err
	}
	return e.publisher.Publish(ctx, topic, event)
}
