package domain

import (
	"context"

	"stoa/pkg/common/errs"
)

// Repository stores items.
type Repository interface {
	// Create stores an item unless one with its id exists, and returns the item that is stored then.
	Create(ctx context.Context, item Item) (Item, error)
	// Get fails with errs.NotFound if there is no such item.
	Get(ctx context.Context, id string) (Item, error)
	// List returns a page of an owner's items, newest first, and the cursor of the next page, "" at the end.
	List(ctx context.Context, ownerID, cursor string, limit int) (items []Item, next string, err error)
}

// Publisher tells other services about items.
type Publisher interface {
	// Created publishes that an item was created. For the same item it is the same event each time.
	Created(ctx context.Context, item Item) error
}

// Items are the items of all accounts.
type Items struct {
	repository Repository
	publisher  Publisher
}

// NewItems returns the items of a repository.
func NewItems(repository Repository, publisher Publisher) *Items {
	return &Items{repository: repository, publisher: publisher}
}

// Create stores an item, then publishes that it was created. If publishing fails, the item is stored: Create with the same
// id publishes it. It fails with errs.KeyReused if another request created the item with this id.
func (i *Items) Create(ctx context.Context, item Item) (Item, error) {
	if err := item.Check(); err != nil {
		return Item{}, err
	}
	stored, err := i.repository.Create(ctx, item)
	if err != nil {
		return Item{}, err
	}
	if stored.Request != item.Request {
		return Item{}, errs.New(errs.KeyReused, "this Idempotency-Key was used for another request")
	}
	return stored, i.publisher.Created(ctx, stored)
}

// Get returns an item of this owner: errs.NotFound if it does not exist or belongs to another.
func (i *Items) Get(ctx context.Context, ownerID, id string) (Item, error) {
	item, err := i.repository.Get(ctx, id)
	if err == nil && item.OwnerID != ownerID {
		return Item{}, NotFound()
	}
	return item, err
}

// NotFound is the error for an item that does not exist.
func NotFound() error { return errs.New(errs.NotFound, "there is no such item") }

// List returns a page of an owner's items, newest first, and the cursor of the next page, "" at the end.
func (i *Items) List(ctx context.Context, ownerID, cursor string, limit int) ([]Item, string, error) {
	return i.repository.List(ctx, ownerID, cursor, limit)
}
