package domain

import (
	"context"
	"slices"
	"time"
)

// EventType is what happened to an account.
type EventType string

// The types of events.
const (
	Registered      EventType = "registered"
	PasswordChanged EventType = "password_changed"
	SessionsRevoked EventType = "sessions_revoked"
)

// Reason is why sessions were revoked.
type Reason string

// The reasons.
const (
	// ByOwner: the owner ended all sessions but one.
	ByOwner Reason = "by_owner"
	// TokenReused: a refresh token was used again later, so someone has a copy of it.
	TokenReused Reason = "refresh_token_reused"
)

// Event is something that happened to an account.
type Event struct {
	Type EventType `json:"fact"` // stored under its first name
	// Cause tells the event from others of its type.
	Cause  string    `json:"cause"`
	Reason Reason    `json:"reason,omitempty"`
	At     time.Time `json:"at"`
}

// is reports whether both are the same event.
func (e Event) is(other Event) bool { return e.Type == other.Type && e.Cause == other.Cause }

// record adds an event to be published, once.
func (a *Account) record(e Event) {
	if !slices.ContainsFunc(a.Unpublished, e.is) {
		a.Unpublished = append(a.Unpublished, e)
	}
}

// forget drops the events that have been published.
func (a *Account) forget(published []Event) {
	a.Unpublished = slices.DeleteFunc(a.Unpublished, func(e Event) bool { return slices.ContainsFunc(published, e.is) })
}

// SignUpUnfinished reports whether the sign-up was interrupted before its first session was stored.
func (a *Account) SignUpUnfinished() bool {
	return slices.ContainsFunc(a.Unpublished, func(e Event) bool { return e.Type == Registered })
}

// Events publishes one event.
type Events interface {
	// Publish returns when the broker has taken the event. The same event always has the same id.
	Publish(ctx context.Context, account Account, e Event) error
}

// Overdue lists the accounts with events that the broker did not take. It is a hint: the accounts decide.
type Overdue interface {
	Add(ctx context.Context, accountID string) error
	List(ctx context.Context) (accountIDs []string, err error)
	Remove(ctx context.Context, accountIDs []string) error
}

// Publisher publishes the events of accounts. An event is written together with the change that it reports, so that
// neither is lost, and stays on the account until the broker has taken it.
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

// Try publishes the events of an account if it can. If not, CatchUp and the next sign-in try again.
func (p *Publisher) Try(ctx context.Context, account Account) {
	if len(account.Unpublished) == 0 {
		return
	}
	// The change is made, even if the caller no longer waits for the answer.
	ctx = context.WithoutCancel(ctx)
	if p.flush(ctx, account) != nil {
		_ = p.overdue.Add(ctx, account.ID) // a hint: the account has the events
	}
}

// flush publishes the events of an account and clears them. To publish an event again does no harm: its id is the same.
func (p *Publisher) flush(ctx context.Context, account Account) error {
	if err := p.publish(ctx, account); err != nil {
		return err
	}
	return p.clear(ctx, account)
}

// CatchUp publishes what is overdue, and returns an error while it cannot.
func (p *Publisher) CatchUp(ctx context.Context) error {
	ids, err := p.overdue.List(ctx)
	if err != nil || len(ids) == 0 {
		return err
	}
	for _, id := range ids {
		account, err := p.store.Get(ctx, id)
		if err == nil {
			err = p.flush(ctx, account)
		}
		if err != nil {
			return err
		}
	}
	return p.overdue.Remove(ctx, ids)
}

// catchUpPause is the time between two calls of CatchUp, each of which reads the store once.
const catchUpPause = 10 * time.Second

// Run returns a part of the process that calls CatchUp again and again. It passes errors to failed.
func (p *Publisher) Run(failed func(error)) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		tick := time.NewTicker(catchUpPause)
		defer tick.Stop()
		for {
			if err := p.CatchUp(ctx); err != nil && ctx.Err() == nil {
				failed(err)
			}
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
			}
		}
	}
}
