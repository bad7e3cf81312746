package providers

import (
	"context"
	"time"

	"stoa/pkg/messaging"
	"stoa/services/auth/internal/domain"
)

const (
	// topic carries all events about accounts but account.deleted.
	topic = "accounts"
	// deletionsTopic is apart from it, so that those who only have to forget an account hear of nothing else.
	deletionsTopic = "account-deletions"
)

// Events implements domain.Events.
type Events struct{ publisher *messaging.Publisher }

// NewEvents returns the events that go through this publisher.
func NewEvents(publisher *messaging.Publisher) *Events { return &Events{publisher} }

// accountEvent is the payload of every event about an account; see api/events.
type accountEvent struct {
	ID     string        `json:"id"`
	Email  domain.Email  `json:"email"`
	Name   string        `json:"name"`
	At     time.Time     `json:"at"`
	Reason domain.Reason `json:"reason,omitempty"`
	// PictureURL is part of the events from which others learn the profile.
	PictureURL string `json:"profilePicUrl,omitempty"`
	// Roles are part of the events from which others learn whom to tell what.
	Roles []domain.Role `json:"roles,omitempty"`
	// Verified says whether the address is known to belong to the owner of the account.
	Verified bool `json:"verified"`
	// Code verifies the address, or sets the password, until ExpiresAt.
	Code      string    `json:"code,omitempty"`
	ExpiresAt time.Time `json:"expiresAt,omitzero"`
}

// accountDeleted is the payload of account.deleted: services that know more of the account forget it.
type accountDeleted struct {
	ID    string       `json:"id"`
	At    time.Time    `json:"at"`
	Posts domain.Posts `json:"posts"`
}

// Publish implements domain.Events.
func (p *Events) Publish(ctx context.Context, account domain.Account, e domain.Event) error {
	if e.Type == domain.AccountDeleted {
		return p.publish(ctx, deletionsTopic, account, e, accountDeleted{ID: account.ID, At: e.At, Posts: account.Deletion.Posts})
	}
	payload := accountEvent{
		ID: account.ID, Email: account.Email, Name: account.Name, At: e.At, Reason: e.Reason, Verified: account.Verified(),
		Code: e.Code,
	}
	if e.Type == domain.ProfileChanged || e.Type == domain.AddressVerified {
		payload.PictureURL = account.PictureURL
	}
	if e.Type == domain.ProfileChanged || e.Type == domain.RolesChanged {
		payload.Roles = account.AllRoles()
	}
	switch e.Type {
	case domain.VerificationRequested:
		payload.ExpiresAt = e.At.Add(domain.CodeTTL)
	case domain.PasswordForgotten:
		payload.ExpiresAt = e.At.Add(domain.LinkTTL)
	}
	return p.publish(ctx, topic, account, e, payload)
}

func (p *Events) publish(ctx context.Context, topic string, account domain.Account, e domain.Event, payload any) error {
	event, err := messaging.New("account."+string(e.Type)+".v1", account.ID, payload, e.Cause)
	if err != nil {
		return err
	}
	return p.publisher.Publish(ctx, topic, event)
}
