package domain

import "context"

// Products stores products.
type Products interface {
	// Get returns a product. It fails with errs.NotFound if the product was removed or never existed.
	Get(ctx context.Context, id string) (Product, error)
	// Update changes a product by a pure function, which may run several times, and returns the result. It also changes
	// removed products, and fails with errs.NotFound if the product never existed.
	Update(ctx context.Context, id string, change func(*Product) error) (Product, error)
}

// Shelf is what the ledger needs to know about products. Removed products are among them, except for Get.
type Shelf interface {
	// Get returns a product. It fails with errs.NotFound if the product was removed or never existed.
	Get(ctx context.Context, id string) (Product, error)
	// FindMany reads products by id, in one call. What it does not find may exist all the same, as some stores report a read that
	// has failed.
	FindMany(ctx context.Context, ids []string) (map[string]Product, error)
	// UpdateFrom changes a product that was read, by a pure function, which may run several times, and returns the result. It
	// reads the product again only if another write came first. Of a product that was not found, seen has the id only.
	UpdateFrom(ctx context.Context, seen Product, change func(*Product) error) (Product, error)
}

// products are products as they were seen last, by id.
type products map[string]Product

// get returns a product, or one with only the id if it was not seen.
func (ps products) get(id string) Product {
	if p, seen := ps[id]; seen {
		return p
	}
	return Product{ID: id}
}

// Catalogue also lists and adds products.
type Catalogue interface {
	Products
	// List returns a page of products, newest first, and the cursor of the next page, "" on the last. It fails with
	// errs.Invalid for a cursor that is not valid.
	List(ctx context.Context, cursor string, limit int) ([]Product, string, error)
	// Create adds a product, or returns the one that the same request added before. It fails with errs.Conflict if
	// another product has the SKU, and errs.KeyReused if another request made a product with this id.
	Create(ctx context.Context, p Product) (Product, error)
	// Unindexed returns a page of the products that the search index does not know as they are, and the cursor of the next page.
	// Removed ones are among them.
	Unindexed(ctx context.Context, cursor string, limit int) ([]Product, string, error)
	// Compact removes from the lists what does not belong there any more, such as products that were removed from the catalogue.
	Compact(ctx context.Context) error
}

// BulkReader reads several products at once.
type BulkReader interface {
	// GetMany returns products by id, without those that were removed or never existed.
	GetMany(ctx context.Context, ids []string) (map[string]Product, error)
}
