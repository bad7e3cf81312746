// Package domain has the items of accounts: what they are, and how they come about.
package domain

import (
	"strings"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
)

// Item is an entry on the list of its owner.
type Item struct {
	ID        string    `json:"id"`
	OwnerID   string    `json:"ownerId"`
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"createdAt"`
	// Request is the fingerprint of the request that created it, empty for an item of an event.
	Request string `json:"request,omitempty"`
}

// Check fails with errs.Invalid if an item must not be stored.
func (i Item) Check() error {
	switch {
	case !ids.Valid(i.OwnerID):
		return errs.InvalidField("ownerId", "must be the id of an account")
	case strings.TrimSpace(i.Name) == "":
		return errs.InvalidField("name", "must not be blank")
	}
	return nil
}

// Account is an account as its events carry it.
type Account struct {
	ID string    `json:"id"`
	At time.Time `json:"at"`
}

// FirstItem returns the item that an account begins with. Its id follows from the account, so it is the same each time.
func (a Account) FirstItem() Item {
	return Item{ID: ids.Derive("first-item", a.ID), OwnerID: a.ID, Name: "Welcome", CreatedAt: a.At}
}
