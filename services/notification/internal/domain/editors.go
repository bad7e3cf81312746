package domain

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"
)

// editor is the role of those who are told about submitted posts.
const editor = "EDITOR"

// Editor is what is known of an account that has the role, or had it.
type Editor struct {
	Person
	// At is the time of the event that this was read from.
	At time.Time `json:"at"`
	// Former says that the account has the role no more. It is kept for a while, because an earlier event may come later.
	Former bool `json:"former,omitempty"`
}

// formerTime is for how long former editors are known: as long as brokers keep events.
const formerTime = 30 * 24 * time.Hour

// EditorStore stores the editors, by account.
type EditorStore interface {
	Get(ctx context.Context) (map[string]Editor, error)
	// Update changes the editors by a pure function, which may run several times.
	Update(ctx context.Context, change func(map[string]Editor)) error
}

// Editors knows who is to be told about submitted posts, from the events of accounts.
type Editors struct{ store EditorStore }

// NewEditors returns the editors in a store.
func NewEditors(store EditorStore) *Editors { return &Editors{store} }

// Learn keeps what an event says about the roles and the name of an account, unless a later event has come first.
func (e *Editors) Learn(ctx context.Context, account Account) error {
	person, has := Person{account.ID, account.Name, account.Email}, slices.Contains(account.Roles, editor)
	if !has { // most accounts never had the role
		known, err := e.store.Get(ctx)
		if _, listed := known[account.ID]; err != nil || !listed {
			return err
		}
	}
	return e.store.Update(ctx, func(all map[string]Editor) {
		if known, listed := all[account.ID]; !listed || !account.At.Before(known.At) {
			all[account.ID] = Editor{Person: person, At: account.At, Former: !has}
		}
		maps.DeleteFunc(all, func(_ string, e Editor) bool { return e.Former && time.Since(e.At) > formerTime })
	})
}

// List returns the editors, always in the same order.
func (e *Editors) List(ctx context.Context) ([]Person, error) {
	all, err := e.store.Get(ctx)
	var people []Person
	for _, known := range all {
		if !known.Former {
			people = append(people, known.Person)
		}
	}
	slices.SortFunc(people, func(a, b Person) int { return strings.Compare(a.ID, b.ID) })
	return people, err
}
