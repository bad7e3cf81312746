package domain

import (
	"context"
	"errors"
	"slices"
	"time"

	"stoa/pkg/common/errs"
)

// EventType is what happened to an account.
type EventType string

// The types of events.
const (
	Registered            EventType = "registered"
	VerificationRequested EventType = "verification_requested"
	AddressVerified       EventType = "verified"
	ProfileChanged        EventType = "changed"
	RolesChanged          EventType = "roles_changed"
	PasswordChanged       EventType = "password_changed"
	PasswordForgotten     EventType = "password_forgotten"
	SessionsRevoked       EventType = "sessions_revoked"
	AccountDeleted        EventType = "deleted"
)

// Reason is why sessions were revoked.
type Reason string

// The reasons.
const (
	// ByOwner: the owner ended all sessions but one.
	ByOwner Reason = "by_owner"
	// TokenReused: an old refresh token was used again, so someone may have a copy of it.
	TokenReused Reason = "refresh_token_reused"
)

// Event is something that happened to an account.
type Event struct {
	Type EventType `json:"fact"` // stored events use its earlier name
	// Cause identifies the event among those of its type.
	Cause  string    `json:"cause"`
	Reason Reason    `json:"reason,omitempty"`
	At     time.Time `json:"at"`
	// Code is the code of VerificationRequested, or what the link of PasswordForgotten ends with.
	Code string `json:"code,omitempty"`
}

// is reports whether both are the same event.
func (e Event) is(other Event) bool { return e.Type == other.Type && e.Cause == other.Cause }

// record adds an event to those that are to be published, unless it is there already. Nobody is told more of a deleted account.
func (a *Account) record(e Event) {
	if a.Deleted() && e.Type != AccountDeleted {
		return
	}
	if !slices.ContainsFunc(a.Unpublished, e.is) {
		a.Unpublished = append(a.Unpublished, e)
	}
}

// recordLatest is record for an event that has the account as it is when it is published: earlier ones say nothing any more.
func (a *Account) recordLatest(kind EventType, now time.Time) {
	a.drop(kind)
	a.record(Event{Type: kind, Cause: now.Format(time.RFC3339Nano), At: now})
}

// drop removes the events of a type, which say nothing any more.
func (a *Account) drop(kind EventType) {
	a.Unpublished = slices.DeleteFunc(a.Unpublished, func(e Event) bool { return e.Type == kind })
}

// forget removes the events that have been published.
func (a *Account) forget(published []Event) {
	a.Unpublished = slices.DeleteFunc(a.Unpublished, func(e Event) bool { return slices.ContainsFunc(published, e.is) })
}

// SignUpUnfinished reports whether the sign-up was interrupted before its first session was stored.
func (a *Account) SignUpUnfinished() bool {
	return slices.ContainsFunc(a.Unpublished, func(e Event) bool { return e.Type == Registered })
}

// Events publishes an event on the bus.
type Events interface {
	// Publish returns when the broker has accepted the event. The same event always gets the same id.
	Publish(ctx context.Context, account Account, e Event) error
}

// Overdue lists the accounts with events that the broker did not accept. It is a hint; the accounts have the events.
type Overdue interface {
	Add(ctx context.Context, accountID string) error
	List(ctx context.Context) (accountIDs []string, err error)
	Remove(ctx context.Context, accountIDs []string) error
}

// Publisher publishes the events of accounts. An event is stored in the account in the same write as the change that it
// reports, so neither exists without the other. It stays there until the broker has accepted it.
type Publisher struct {
	store   AccountStore
	events  Events
	overdue Overdue
}

// NewPublisher returns the publisher of the accounts in a store.
func NewPublisher(store AccountStore, events Events, overdue Overdue) *Publisher {
	return &Publisher{store: store, events: events, overdue: overdue}
}

// publish publishes the events of an account. They stay on it until clear.
func (p *Publisher) publish(ctx context.Context, account Account) error {
	for _, e := range account.Unpublished {
		if err := p.events.Publish(ctx, account, e); err != nil {
			return err
		}
	}
	return nil
}

// clear removes the published events from the account.
func (p *Publisher) clear(ctx context.Context, account Account) error {
	if len(account.Unpublished) == 0 {
		return nil
	}
	_, err := p.store.Update(ctx, account.ID, func(stored *Account) error {
		stored.forget(account.Unpublished)
		return nil
	})
	return err
}

// Try publishes the events of an account. If it fails, CatchUp and the next sign-in or refresh try again.
func (p *Publisher) Try(ctx context.Context, account Account) {
	// The change is stored, so publish it even if the caller no longer waits for the answer.
	ctx = context.WithoutCancel(ctx)
	if p.flush(ctx, account) != nil {
		_ = p.overdue.Add(ctx, account.ID) // if this fails too, the next sign-in or refresh publishes
	}
}

// flush publishes the events of an account and clears them. It may run twice, because an event always has the same id.
func (p *Publisher) flush(ctx context.Context, account Account) error {
	if err := p.publish(ctx, account); err != nil {
		return err
	}
	return p.clear(ctx, account)
}

// update changes an account by a pure function, and publishes the events that the change recorded.
func (p *Publisher) update(ctx context.Context, id string, change func(*Account) error) error {
	account, err := p.store.Update(ctx, id, change)
	if err == nil {
		p.Try(ctx, account)
	}
	return err
}

// CatchUpPause is the time between two calls of CatchUp, each of which reads the store once.
const CatchUpPause = 10 * time.Second

// CatchUp publishes the overdue events. It stops in an outage. An account that fails in any other way stays on the list, and
// does not delay the others.
func (p *Publisher) CatchUp(ctx context.Context) error {
	ids, err := p.overdue.List(ctx)
	if err != nil {
		return err
	}
	var done []string
	var failed error
	for _, id := range ids {
		account, err := p.store.Get(ctx, id)
		if err == nil {
			err = p.flush(ctx, account)
		}
		switch {
		case errs.Is(err, errs.Unavailable):
			return err
		case err != nil:
			failed = errors.Join(failed, err)
		default:
			done = append(done, id)
		}
	}
	return errors.Join(failed, p.strike(ctx, done))
}

// strike takes accounts off the list. An event that could not be published meanwhile found its account still there, so strike
// looks once more.
func (p *Publisher) strike(ctx context.Context, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	if err := p.overdue.Remove(ctx, ids); err != nil {
		return err
	}
	for _, id := range ids {
		account, err := p.store.Get(ctx, id)
		if err != nil {
			_ = p.overdue.Add(ctx, id) // if this fails too, the next sign-in or refresh publishes
			continue
		}
		p.Try(ctx, account)
	}
	return nil
}
