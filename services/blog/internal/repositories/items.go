// Package repositories stores items in the state store of the service.
package repositories

import (
	"context"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/sidecar"
	"stoa/services/blog/internal/domain"
)

// store is the name of the state store component.
const store = "blog-store"

// Items implements domain.Repository: a document for each item, and a list for each owner.
type Items struct {
	items *sidecar.Documents[domain.Item]
	lists *sidecar.Lists[domain.Item]
}

// NewItems returns the items in the sidecar's store.
func NewItems(s *sidecar.Sidecar) *Items {
	items := sidecar.NewDocuments[domain.Item](s, store, "item")
	return &Items{items: items, lists: sidecar.NewLists(items, "items-of")}
}

// Create implements domain.Repository. The list comes before the document, so that every item is listed: a crash in between
// leaves an entry without a document, which List passes over.
func (r *Items) Create(ctx context.Context, item domain.Item) (domain.Item, error) {
	known, err := r.items.Find(ctx, item.ID)
	if err != nil || known.Exists() {
		return known.Value, err
	}
	if err := r.lists.Add(ctx, item.OwnerID, item.ID); err != nil {
		return domain.Item{}, err
	}
	err = r.items.Create(ctx, item.ID, item, 0)
	if errs.Is(err, errs.Conflict) { // another request was quicker
		return r.Get(ctx, item.ID)
	}
	return item, err
}

// Get implements domain.Repository.
func (r *Items) Get(ctx context.Context, id string) (domain.Item, error) {
	if !ids.Valid(id) {
		return domain.Item{}, domain.NotFound()
	}
	found, err := r.items.Get(ctx, id)
	return found.Value, err
}

// List implements domain.Repository.
func (r *Items) List(ctx context.Context, ownerID, cursor string, limit int) ([]domain.Item, string, error) {
	return r.lists.Page(ctx, ownerID, cursor, limit, nil)
}
