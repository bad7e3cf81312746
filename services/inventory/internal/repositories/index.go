package repositories

import (
	"context"
	"iter"

	"stoa/pkg/search"
	"stoa/pkg/sidecar"
	"stoa/services/inventory/internal/domain"
)

// snippetSize is how many bytes of a description a snippet has, about.
const snippetSize = 200

// Index implements domain.ProductIndex.
type Index struct {
	*search.Index
	catalogue *Catalogue
}

// NewIndex returns the index of the products in the sidecar's store. After a change of fields or weights, it has to be rebuilt.
func NewIndex(s *sidecar.Sidecar) *Index {
	return &Index{search.New(s, store, "products",
		search.Field{Name: "sku", Weight: 10, Length: 1, Whole: true},
		search.Field{Name: "name", Weight: 3, Length: 5},
		search.Field{Name: "description", Weight: 1, Length: 50},
	), NewCatalogue(s)}
}

// Put implements domain.ProductIndex.
func (x *Index) Put(ctx context.Context, p domain.Product) error {
	if !inCatalogue(p) {
		return x.Remove(ctx, p.ID, p.Edition)
	}
	return x.Index.Put(ctx, documentOf(p))
}

// documentOf returns a product as the index gets it. What it says changes with its edition only.
func documentOf(p domain.Product) search.Document {
	return search.Document{
		ID: p.ID, Version: p.Edition, Texts: map[string]string{"sku": p.SKU, "name": p.Name, "description": p.Description},
	}
}

// Find implements domain.ProductIndex.
func (x *Index) Find(ctx context.Context, q domain.Query) (found []domain.Found, next string, err error) {
	err = x.InTurn(ctx, func() (err error) {
		var products []domain.Product
		query := search.Query{Text: q.Text, Cursor: q.Cursor, Limit: q.Limit}
		products, next, err = search.Find(ctx, x.Index, query, x.load)
		found = make([]domain.Found, len(products))
		mark := query.Marker(snippetSize)
		for i, p := range products {
			found[i] = domain.Found{Product: p, Snippet: mark(p.Description, p.Name)}
		}
		return err
	})
	return found, next, err
}

// load implements search.Load. The products themselves say whether they are in the catalogue.
func (x *Index) load(ctx context.Context, ids []string) (map[string]domain.Product, error) {
	documents, err := x.catalogue.products.GetEach(ctx, ids)
	products := make(map[string]domain.Product, len(documents))
	for _, d := range documents {
		if inCatalogue(d.Value) {
			products[d.ID] = d.Value
		}
	}
	return products, err
}

// Work does what the index needs now and then, see search.Index.
func (x *Index) Work(ctx context.Context) error { return x.Index.Work(ctx, x.all) }

// all implements search.Source.
func (x *Index) all(ctx context.Context) (total int, documents iter.Seq2[search.Document, error], err error) {
	entries, err := x.catalogue.lists.Parts(ctx, all, 1)
	return int(entries), func(yield func(search.Document, error) bool) {
		for products, err := range x.catalogue.lists.Batches(ctx, all, sidecar.Patiently, inCatalogue) {
			if err != nil {
				yield(search.Document{}, err)
				return
			}
			for _, p := range products {
				if !yield(documentOf(p), nil) {
					return
				}
			}
		}
	}, err
}
