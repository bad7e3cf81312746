// Package repositories stores products, reservations, and which product each SKU belongs to.
package repositories

import (
	"context"
	"errors"
	"maps"
	"strings"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/sidecar"
	"stoa/services/inventory/internal/domain"
)

// store is the name of the state store component.
const store = "inventory-store"

// The lists of products: all that are in the catalogue, and those that the search index does not know as they are.
const all, unindexed = "all", "unindexed"

// Catalogue implements domain.Catalogue, domain.BulkReader and domain.Shelf: a document for each product and for each SKU, and two lists.
type Catalogue struct {
	products *sidecar.Documents[domain.Product]
	skus     *sidecar.Documents[owner]
	lists    *sidecar.Lists[domain.Product]
}

// owner is the product that an SKU belongs to.
type owner struct {
	ProductID string `json:"productId"`
}

// NewCatalogue returns the catalogue in the store behind a sidecar.
func NewCatalogue(s *sidecar.Sidecar) *Catalogue {
	products := productsIn(s)
	return &Catalogue{
		products: products, skus: sidecar.NewDocuments[owner](s, store, "sku"), lists: sidecar.NewLists(products, "products"),
	}
}

func productsIn(s *sidecar.Sidecar) *sidecar.Documents[domain.Product] {
	return sidecar.NewDocuments[domain.Product](s, store, "product")
}

// Get implements domain.Catalogue.
func (c *Catalogue) Get(ctx context.Context, id string) (domain.Product, error) {
	if !ids.Valid(id) {
		return domain.Product{}, domain.NotFound()
	}
	found, err := c.products.Get(ctx, id)
	if err == nil && found.Value.Removed {
		return domain.Product{}, domain.NotFound()
	}
	return found.Value, err
}

// GetMany implements domain.BulkReader.
func (c *Catalogue) GetMany(ctx context.Context, productIDs []string) (map[string]domain.Product, error) {
	found, err := c.FindMany(ctx, productIDs)
	maps.DeleteFunc(found, func(_ string, p domain.Product) bool { return p.Removed })
	return found, err
}

// FindMany implements domain.Shelf.
func (c *Catalogue) FindMany(ctx context.Context, productIDs []string) (map[string]domain.Product, error) {
	documents, err := c.products.GetMany(ctx, productIDs)
	if err != nil {
		return nil, err
	}
	found := make(map[string]domain.Product, len(documents))
	for _, document := range documents {
		found[document.ID] = versioned(document)
	}
	return found, nil
}

// versioned returns a product with the version of its document.
func versioned(document sidecar.Document[domain.Product]) domain.Product {
	document.Value.Version = document.ETag
	return document.Value
}

// List implements domain.Catalogue.
func (c *Catalogue) List(ctx context.Context, cursor string, limit int) ([]domain.Product, string, error) {
	return c.lists.Page(ctx, all, cursor, limit, inCatalogue)
}

// Compact implements domain.Catalogue.
func (c *Catalogue) Compact(ctx context.Context) error {
	return errors.Join(c.lists.Compact(ctx, all, inCatalogue), c.lists.Compact(ctx, unindexed, isUnindexed))
}

func inCatalogue(p domain.Product) bool { return !p.Removed }

func isUnindexed(p domain.Product) bool { return p.Unindexed() }

// Unindexed implements domain.Catalogue.
func (c *Catalogue) Unindexed(ctx context.Context, cursor string, limit int) ([]domain.Product, string, error) {
	return c.lists.Page(ctx, unindexed, cursor, limit, isUnindexed)
}

// Update implements domain.Catalogue. The list comes before the product, so that every product that is not indexed is listed.
func (c *Catalogue) Update(ctx context.Context, id string, change func(*domain.Product) error) (domain.Product, error) {
	if !ids.Valid(id) {
		return domain.Product{}, domain.NotFound()
	}
	return c.products.Update(ctx, id, func(p *domain.Product) error {
		listed := p.Unindexed()
		if err := change(p); err != nil || listed || !p.Unindexed() {
			return err
		}
		return c.lists.Add(ctx, unindexed, id)
	})
}

// UpdateFrom implements domain.Shelf.
func (c *Catalogue) UpdateFrom(
	ctx context.Context, seen domain.Product, change func(*domain.Product) error,
) (domain.Product, error) {
	if !ids.Valid(seen.ID) {
		return domain.Product{}, domain.NotFound()
	}
	read := sidecar.Document[domain.Product]{ID: seen.ID, Value: seen, ETag: seen.Version}
	updated, err := c.products.UpdateFrom(ctx, read, change)
	return versioned(updated), err
}

// Create implements domain.Catalogue.
//
// It writes the owner of the SKU first, then the lists, then the product. So every product has its SKU and is in the lists.
// A crash in between leaves an SKU whose product does not exist; the next request for that SKU takes it over.
func (c *Catalogue) Create(ctx context.Context, p domain.Product) (domain.Product, error) {
	earlier, err := c.products.Find(ctx, p.ID)
	if err != nil {
		return domain.Product{}, err
	}
	if earlier.Exists() {
		return repeated(earlier.Value, p)
	}
	if err := c.takeSKU(ctx, p.SKU, p.ID); err != nil {
		return domain.Product{}, err
	}
	if err := c.lists.Add(ctx, all, p.ID); err != nil {
		return domain.Product{}, err
	}
	if p.Unindexed() {
		if err := c.lists.Add(ctx, unindexed, p.ID); err != nil {
			return domain.Product{}, err
		}
	}
	if err = c.products.Create(ctx, p.ID, p, 0); errs.Is(err, errs.Conflict) {
		return c.Create(ctx, p) // the same request was faster, or another one took the SKU
	}
	return p, err
}

// repeated returns the product that an earlier attempt of the same request created, or says why it cannot.
func repeated(earlier, wanted domain.Product) (domain.Product, error) {
	switch {
	case earlier.Removed:
		return domain.Product{}, errs.New(errs.Conflict,
			"the product of this request was removed, or another request took its SKU first")
	case earlier.Request != wanted.Request:
		return domain.Product{}, errs.New(errs.KeyReused, "this Idempotency-Key was used for another request")
	}
	return earlier, nil
}

// takeSKU makes a product the owner of an SKU, unless that belongs to a product in the catalogue. SKUs that differ only in
// upper and lower case are the same. The check of the present owner may run again, and then has the same result.
func (c *Catalogue) takeSKU(ctx context.Context, sku, id string) error {
	_, err := c.skus.Upsert(ctx, strings.ToUpper(sku), func(current *owner) error {
		if current.ProductID != "" && current.ProductID != id {
			if err := c.requireRemoved(ctx, current.ProductID); err != nil {
				return err
			}
		}
		current.ProductID = id
		return nil
	})
	return err
}

// requireRemoved fails with errs.Conflict if a product is in the catalogue. It stores a product that does not exist as
// removed, so that a slow request that still wants to create it fails.
func (c *Catalogue) requireRemoved(ctx context.Context, id string) error {
	err := c.products.Create(ctx, id, domain.Product{ID: id, Removed: true}, 0)
	if !errs.Is(err, errs.Conflict) {
		return err
	}
	existing, err := c.products.Find(ctx, id)
	if err != nil || existing.Value.Removed {
		return err
	}
	return &errs.Error{
		Kind: errs.Conflict, Message: "another product has this SKU",
		Fields: []errs.Field{{Name: "sku", Problem: "belongs to another product"}},
	}
}
