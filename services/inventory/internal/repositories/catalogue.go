// Package repositories keeps the products, the claims on their SKUs and the reservations in the service's state store.
package repositories

import (
	"context"
	"strings"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/sidecar"
	"stoa/services/inventory/internal/domain"
)

// store is the state store component of this service.
const store = "inventory-store"

// all is the list of every product, in the order in which they were created.
const all = "all"

// Catalogue keeps the products.
type Catalogue struct {
	products *sidecar.Documents[domain.Product]
	skus     *sidecar.Documents[claim]
	index    *sidecar.Index
}

// claim says which product an SKU belongs to.
type claim struct {
	ProductID string `json:"productId"`
}

// NewCatalogue returns the catalogue in the store behind this sidecar.
func NewCatalogue(s *sidecar.Sidecar) *Catalogue {
	return &Catalogue{
		products: sidecar.NewDocuments[domain.Product](s, store, "product"),
		skus:     sidecar.NewDocuments[claim](s, store, "sku"),
		index:    sidecar.NewIndex(s, store, "products"),
	}
}

// Reachable reports whether the store answers.
func (c *Catalogue) Reachable(ctx context.Context) error {
	_, err := c.products.Find(ctx, "any")
	return err
}

// Get returns a product, or errs.NotFound if there is none with this id or it was removed.
func (c *Catalogue) Get(ctx context.Context, id string) (domain.Product, error) {
	if !ids.Valid(id) {
		return domain.Product{}, notFound()
	}
	found, err := c.products.Get(ctx, id)
	if err == nil && found.Value.Removed {
		return domain.Product{}, notFound()
	}
	return found.Value, err
}

func notFound() error { return errs.New(errs.NotFound, "there is no such product") }

// GetMany returns the products with these ids, by id; those that do not exist or were removed are missing.
func (c *Catalogue) GetMany(ctx context.Context, productIDs []string) (map[string]domain.Product, error) {
	documents, err := c.products.GetMany(ctx, productIDs)
	if err != nil {
		return nil, err
	}
	found := make(map[string]domain.Product, len(documents))
	for _, document := range documents {
		if !document.Value.Removed {
			found[document.ID] = document.Value
		}
	}
	return found, nil
}

// List returns up to limit products from a cursor on, newest first, and the cursor to go on from, "" at the end.
// errs.Invalid for a cursor that no list gave out.
func (c *Catalogue) List(ctx context.Context, cursor string, limit int) ([]domain.Product, string, error) {
	at, err := sidecar.ParseCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	listed := make([]domain.Product, 0, limit)
	for {
		var hints []string
		if hints, at, err = c.index.Read(ctx, all, at, limit-len(listed)); err != nil {
			return nil, "", err
		}
		found, err := c.GetMany(ctx, hints)
		if err != nil {
			return nil, "", err
		}
		for _, id := range hints {
			if p, ok := found[id]; ok {
				listed = append(listed, p)
			}
		}
		if len(listed) == limit || at == (sidecar.Cursor{}) {
			return listed, at.String(), nil
		}
	}
}

// Update changes a product by a pure function, which may run several times, and returns it as it then is.
// errs.NotFound if there never was one with this id: what a removed product allows is up to the function.
func (c *Catalogue) Update(ctx context.Context, id string, change func(*domain.Product) error) (domain.Product, error) {
	if !ids.Valid(id) {
		return domain.Product{}, notFound()
	}
	return c.products.Update(ctx, id, change)
}

// Create puts a product into the catalogue, or returns the one that the same request put there before. errs.Conflict
// if another product has the SKU, errs.KeyReused if another request made a product with this id.
//
// The SKU is claimed first and the hint for lists comes next, so that a product is never without either. A crash in
// between leaves a claim without a product, and the next who wants that SKU takes it over.
func (c *Catalogue) Create(ctx context.Context, p domain.Product) (domain.Product, error) {
	earlier, err := c.products.Find(ctx, p.ID)
	switch {
	case err != nil:
		return domain.Product{}, err
	case earlier.Exists():
		return repeated(earlier.Value, p)
	}
	if err := c.claim(ctx, p.SKU, p.ID); err != nil {
		return domain.Product{}, err
	}
	if err := c.index.Add(ctx, all, p.ID); err != nil {
		return domain.Product{}, err
	}
	err = c.products.Create(ctx, p.ID, p, 0)
	if !errs.Is(err, errs.Conflict) {
		return p, err
	}
	earlier, err = c.products.Get(ctx, p.ID)
	if err != nil {
		return domain.Product{}, err
	}
	return repeated(earlier.Value, p)
}

// repeated is the answer to a request whose product exists already.
func repeated(earlier, wanted domain.Product) (domain.Product, error) {
	switch {
	case earlier.Removed:
		return domain.Product{}, errs.New(errs.Conflict,
			"the product that this request made was removed, or another request took its SKU first")
	case earlier.Request != wanted.Request:
		return domain.Product{}, errs.New(errs.KeyReused, "this Idempotency-Key was used for another product")
	}
	return earlier, nil
}

// claim makes the SKU, whatever the case of its letters, belong to the product with this id.
func (c *Catalogue) claim(ctx context.Context, sku, id string) error {
	for vacated := ""; ; {
		holder := ""
		_, err := c.skus.Upsert(ctx, strings.ToUpper(sku), func(claimed *claim) error {
			switch holder = claimed.ProductID; holder {
			case "", id, vacated:
				holder, claimed.ProductID = "", id
			}
			return nil
		})
		if err != nil || holder == "" {
			return err
		}
		if err := c.vacate(ctx, holder); err != nil {
			return err
		}
		vacated = holder
	}
}

// vacate makes sure that the holder of a claim is not in the catalogue and never will be: a product that was claimed for
// but never written gets a removed one in its place, which the slow or dead writer then finds.
func (c *Catalogue) vacate(ctx context.Context, holder string) error {
	err := c.products.Create(ctx, holder, domain.Product{ID: holder, Removed: true}, 0)
	if !errs.Is(err, errs.Conflict) {
		return err
	}
	existing, err := c.products.Find(ctx, holder)
	if err != nil || existing.Value.Removed {
		return err
	}
	return &errs.Error{
		Kind: errs.Conflict, Message: "another product has this SKU",
		Fields: []errs.Field{{Name: "sku", Problem: "belongs to another product"}},
	}
}
