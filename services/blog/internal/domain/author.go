package domain

import (
	"context"
	"time"

	"stoa/pkg/common/errs"
)

// Author is what the blog knows of an account, from its events. Posts have only its id, so a new name shows everywhere.
type Author struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	PictureURL string `json:"pictureUrl,omitempty"`
	// Email is for notices and never shown.
	Email string `json:"email,omitempty"`
	// At is the time of the event that this was read from, zero for what a caller brought along.
	At time.Time `json:"at,omitzero"`
	// Left says that the account was deleted: nothing else is known of it, whatever event comes late.
	Left bool `json:"left,omitempty"`
}

// known reports whether there is such an account.
func (a Author) known() bool { return a.Name != "" && !a.Left }

// nobody is the name of authors whose accounts were deleted.
const nobody = "deleted account"

// AuthorStore stores authors.
type AuthorStore interface {
	// Get returns an author, without a name if there is none with this id.
	Get(ctx context.Context, id string) (Author, error)
	// GetMany returns those of these authors that are known, by id.
	GetMany(ctx context.Context, ids []string) (map[string]Author, error)
	// Upsert changes an author by a pure function, which gets the zero Author for a new one.
	Upsert(ctx context.Context, id string, change func(*Author) error) error
}

// Authors learns who the authors are.
type Authors struct{ store AuthorStore }

// NewAuthors returns the authors in a store.
func NewAuthors(store AuthorStore) *Authors { return &Authors{store} }

// Learn keeps what an event says about an account, unless a later event has come first.
func (a *Authors) Learn(ctx context.Context, author Author) error {
	if author.ID == "" || author.Name == "" {
		return errs.InvalidField("id", "is missing, or the name is")
	}
	return a.store.Upsert(ctx, author.ID, func(known *Author) error {
		if !known.Left && !author.At.Before(known.At) {
			*known = author
		}
		return nil
	})
}

// Forget forgets an author whose account was deleted, for good.
func (a *Authors) Forget(ctx context.Context, id string, at time.Time) error {
	return a.store.Upsert(ctx, id, func(known *Author) error {
		*known = Author{ID: id, Name: nobody, At: at, Left: true}
		return nil
	})
}

// Meet keeps what a caller's session says, if no event has come yet: that of a new account may be on its way, and the first
// accounts have none. It fails with errs.Unauthenticated if the account was deleted a moment ago.
func (a *Authors) Meet(ctx context.Context, caller Author) error {
	return a.store.Upsert(ctx, caller.ID, func(known *Author) error {
		if known.Left {
			return errs.New(errs.Unauthenticated, "this account was deleted")
		}
		if known.ID == "" {
			*known = Author{ID: caller.ID, Name: caller.Name, Email: caller.Email}
		}
		return nil
	})
}
