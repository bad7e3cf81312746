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

// Editor is what is known of an account that has the role, or whose roles have changed lately.
type Editor struct {
	// Person is empty for a former editor.
	Person
	// At is the time of the event that this was read from.
	At time.Time `json:"at"`
	// Former says that the account does not have the role. It is kept for a while, because an earlier event may come later.
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

// LearnRoles keeps what an event says about the roles of an account, unless a later event has come first: also that it is not
// an editor, because the event that made it one may come later.
func (e *Editors) LearnRoles(ctx context.Context, account Account) error {
	learnt := Editor{At: account.At, Former: !account.edits()}
	if !learnt.Former {
		learnt.Person = Person{account.ID, account.Name, account.Email}
	}
	return e.store.Update(ctx, func(all map[string]Editor) {
		if known, listed := all[account.ID]; !listed || !account.At.Before(known.At) {
			all[account.ID] = learnt
		}
		maps.DeleteFunc(all, func(_ string, e Editor) bool { return e.Former && time.Since(e.At) > formerTime })
	})
}

// LearnProfile is LearnRoles for an event about a name, unless the account has nothing to do with editors, as most.
func (e *Editors) LearnProfile(ctx context.Context, account Account) error {
	if !account.edits() {
		known, err := e.store.Get(ctx)
		if _, listed := known[account.ID]; err != nil || !listed {
			return err
		}
	}
	return e.LearnRoles(ctx, account)
}

// Leave forgets an editor who has deleted their account.
func (e *Editors) Leave(ctx context.Context, accountID string) error {
	known, err := e.store.Get(ctx)
	if editor, listed := known[accountID]; err != nil || !listed || editor.Former {
		return err
	}
	return e.store.Update(ctx, func(all map[string]Editor) {
		all[accountID] = Editor{At: time.Now().UTC(), Former: true}
	})
}

// edits reports whether the account has the role of editors.
func (a Account) edits() bool { return slices.Contains(a.Roles, editor) }

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
