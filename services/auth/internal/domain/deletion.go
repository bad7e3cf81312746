package domain

import (
	"fmt"
	"strings"
	"time"

	"stoa/pkg/common/errs"
)

// Posts is what becomes of the published posts of an account that is deleted.
type Posts string

// The choices. What is not published goes in any case.
const (
	KeepPosts   Posts = "keep"
	DeletePosts Posts = "delete"
)

// Deletion is on an account from when its owner can no longer use it. See docs/decisions/0040.
type Deletion struct {
	At    time.Time `json:"at"`
	Posts Posts     `json:"posts"`
	// Erased says that the account has lost what it knew of its owner, so that it cannot be taken back.
	Erased bool `json:"erased,omitempty"`
	// EmailKey is the key of documents about the address, until they are erased too.
	EmailKey string `json:"emailKey,omitempty"`
	// Done says that all that auth knows is erased.
	Done bool `json:"done,omitempty"`
}

// DeletionWish is what those who delete an account decide.
type DeletionWish struct {
	Posts Posts
	// CancelOrders says that orders which are not shipped are cancelled. Otherwise they are in the way.
	CancelOrders bool
}

// Deleted reports whether the account is deleted, or is being deleted.
func (a *Account) Deleted() bool { return a.Deletion != nil }

// close ends the use of the account, unless somebody has closed it already.
func (a *Account) close(posts Posts, now time.Time) {
	if !a.Deleted() {
		a.Deletion = &Deletion{At: now, Posts: posts}
	}
}

// erase removes what the account knows of its owner, and records the event that makes other services do the same. An account
// that was opened again stays as it is.
func (a *Account) erase() error {
	switch {
	case !a.Deleted():
		return errs.New(errs.Conflict, "this account is the last ADMIN, and is not deleted")
	case a.Deletion.Erased:
		return nil
	}
	deletion := *a.Deletion
	deletion.Erased, deletion.EmailKey = true, a.Email.Key()
	*a = Account{
		ID: a.ID, Roles: withLearner(nil), CreatedAt: a.CreatedAt, First: a.First, Epoch: a.Epoch, Deletion: &deletion,
	}
	a.record(Event{Type: AccountDeleted, At: deletion.At})
	return nil
}

// reopen takes back the deletion of the last ADMIN.
func (a *Account) reopen() {
	if a.Deleted() && !a.Deletion.Erased {
		a.Deletion = nil
	}
}

// noAccount is the error for an account that does not exist, or is deleted.
func noAccount() error { return errs.New(errs.NotFound, "there is no such account") }

// maxNamed is how many orders an answer names.
const maxNamed = 20

// inTheWay says which orders keep an account from being deleted.
func inTheWay(orders []string) error {
	named := orders[:min(len(orders), maxNamed)]
	return &errs.Error{
		Kind: errs.Conflict,
		Message: fmt.Sprintf("%d orders are not shipped yet: cancel them, wait until they are shipped, or send cancelOrders",
			len(orders)),
		Fields: []errs.Field{{Name: "cancelOrders", Problem: "must be true to cancel " + strings.Join(named, ", ")}},
	}
}
