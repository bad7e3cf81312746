package handlers

import (
	"context"
	"time"

	"stoa/pkg/common/ids"
	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/services/blog/internal/domain"
)

// handlers answers requests about items.
type handlers struct{ items *domain.Items }

// item is an item as its owner sees it.
type item struct {
	ID        string    `json:"id" format:"uuid"`
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"createdAt"`
}

func itemOf(i domain.Item) item { return item{ID: i.ID, Name: i.Name, CreatedAt: i.CreatedAt} }

// newItem is the body that adds an item.
type newItem struct {
	Name string `json:"name" minLength:"1" maxLength:"200" example:"An amphora"`
}

type createInput struct {
	web.Idempotency
	Body newItem
}

type createOutput struct {
	Location string `header:"Location"`
	Body     item
}

func (h handlers) create(ctx context.Context, in *createInput) (*createOutput, error) {
	caller := identity.CallerOf(ctx)
	created, err := h.items.Create(ctx, domain.Item{
		ID: ids.ForRequest("blog-item", caller.ID, in.Key), OwnerID: caller.ID, Name: in.Body.Name,
		CreatedAt: time.Now().UTC().Truncate(time.Microsecond), Request: ids.Fingerprint(in.Body),
	})
	if err != nil {
		return nil, err
	}
	return &createOutput{Location: base + "/" + created.ID, Body: itemOf(created)}, nil
}

type listOutput struct{ Body web.Listing[item] }

func (h handlers) list(ctx context.Context, in *web.Page) (*listOutput, error) {
	items, next, err := h.items.List(ctx, identity.CallerOf(ctx).ID, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return &listOutput{Body: web.ListingOf(items, next, itemOf)}, nil
}

type getInput struct {
	ID string `path:"id" format:"uuid" doc:"The id of the item"`
}

type getOutput struct{ Body item }

func (h handlers) get(ctx context.Context, in *getInput) (*getOutput, error) {
	found, err := h.items.Get(ctx, identity.CallerOf(ctx).ID, in.ID)
	if err != nil {
		return nil, err
	}
	return &getOutput{Body: itemOf(found)}, nil
}
