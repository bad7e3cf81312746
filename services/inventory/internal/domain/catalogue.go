package domain

import "context"

// Products keeps the products.
type Products interface {
	// Get returns a product of the catalogue: errs.NotFound if it was removed or never existed.
	Get(ctx context.Context, id string) (Product, error)
	// Update changes a product by a pure function, which may run several times, and returns the result. The product may
	// have been removed; errs.NotFound if it never existed.
	Update(ctx context.Context, id string, change func(*Product) error) (Product, error)
}

// Catalogue is what people see and change of the products.
type Catalogue interface {
	Products
	// List returns a page of products, newest first, and the cursor of the next page, "" on the last. It fails with
	// errs.Invalid for a cursor that is not valid.
	List(ctx context.Context, cursor string, limit int) ([]Product, string, error)
	// Create adds a product, or returns the one that the same request added before. It fails with errs.Conflict if
	// another product has the SKU, and errs.KeyReused if another request made a product with this id.
	Create(ctx context.Context, p Product) (Product, error)
}

// BulkReader reads several products at once.
type BulkReader interface {
	// GetMany returns products by id. Those that were removed or never existed are missing.
	GetMany(ctx context.Context, ids []string) (map[string]Product, error)
}
