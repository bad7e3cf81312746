package domain

import (
	"context"
	"slices"
	"time"
)

// Fact is something that happened to an account and that others are told.
type Fact string

// The facts.
const (
	Registered      Fact = "registered"
	PasswordChanged Fact = "password_changed"
	SessionsRevoked Fact = "sessions_revoked"
)

// Reason is why sessions were revoked.
type Reason string

// The reasons.
const (
	// ByOwner: the owner ended all sessions but the one at hand.
	ByOwner Reason = "by_owner"
	// TokenReused: a refresh token came that had been rotated away, so somebody has a copy of it.
	TokenReused Reason = "refresh_token_reused"
)

// Announcement is a fact about an account that is to be published.
type Announcement struct {
	Fact Fact `json:"fact"`
	// Cause tells this occurrence from others of the fact.
	Cause  string    `json:"cause"`
	Reason Reason    `json:"reason,omitempty"`
	At     time.Time `json:"at"`
}

// is reports whether two announcements are of one occurrence.
func (a Announcement) is(other Announcement) bool {
	return a.Fact == other.Fact && a.Cause == other.Cause
}

// announce puts an announcement among those that are to be published, once.
func (a *Account) announce(news Announcement) {
	if !slices.ContainsFunc(a.Unannounced, news.is) {
		a.Unannounced = append(a.Unannounced, news)
	}
}

// strike takes out what has been published.
func (a *Account) strike(published []Announcement) {
	a.Unannounced = slices.DeleteFunc(a.Unannounced, func(news Announcement) bool {
		return slices.ContainsFunc(published, news.is)
	})
}

// HalfDone reports whether the account was signed up for and the person who did was never told so.
func (a *Account) HalfDone() bool {
	return slices.ContainsFunc(a.Unannounced, func(news Announcement) bool { return news.Fact == Registered })
}

// Events is where announcements are published.
type Events interface {
	// Publish returns when the broker has taken the event, which is the same one for every call with the same announcement.
	Publish(ctx context.Context, account Account, news Announcement) error
}

// Overdue remembers which accounts have something unannounced that the broker did not take. It holds hints: the accounts
// decide.
type Overdue interface {
	Add(ctx context.Context, accountID string) error
	List(ctx context.Context) (accountIDs []string, err error)
	Remove(ctx context.Context, accountIDs []string) error
}

// Announcer publishes what happened to accounts.
type Announcer struct {
	store   AccountStore
	events  Events
	overdue Overdue
}

// NewAnnouncer returns what publishes the news of the accounts in a store.
func NewAnnouncer(store AccountStore, events Events, overdue Overdue) *Announcer {
	return &Announcer{store: store, events: events, overdue: overdue}
}

// publish hands over all that is unannounced of an account. It stays on the account until settle.
func (a *Announcer) publish(ctx context.Context, account Account) error {
	for _, news := range account.Unannounced {
		if err := a.events.Publish(ctx, account, news); err != nil {
			return err
		}
	}
	return nil
}

// settle strikes what has been published.
func (a *Announcer) settle(ctx context.Context, account Account) error {
	if len(account.Unannounced) == 0 {
		return nil
	}
	_, err := a.store.Update(ctx, account.ID, func(stored *Account) error {
		stored.strike(account.Unannounced)
		return nil
	})
	return err
}

// Try publishes and settles if it can. If not, nothing is lost: it is tried again by Catchup, and whenever the account is
// signed in to.
func (a *Announcer) Try(ctx context.Context, account Account) {
	if len(account.Unannounced) == 0 {
		return
	}
	// What was done to the account is done, even if the caller does not wait for the answer.
	ctx = context.WithoutCancel(ctx)
	if a.publish(ctx, account) != nil {
		_ = a.overdue.Add(ctx, account.ID) // a hint: the account itself remembers
		return
	}
	_ = a.settle(ctx, account) // once more is no harm: the event's id is the same
}

// Catchup publishes what is overdue, and returns an error while it cannot.
func (a *Announcer) Catchup(ctx context.Context) error {
	ids, err := a.overdue.List(ctx)
	if err != nil || len(ids) == 0 {
		return err
	}
	for _, id := range ids {
		account, err := a.store.Get(ctx, id)
		if err != nil {
			return err
		}
		if err := a.publish(ctx, account); err != nil {
			return err
		}
		if err := a.settle(ctx, account); err != nil {
			return err
		}
	}
	return a.overdue.Remove(ctx, ids)
}
