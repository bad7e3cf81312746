package domain

import (
	"context"
	"time"

	"stoa/pkg/common/backlog"
)

// Query is what a customer searches for.
type Query struct {
	// Text has the words that a product must have.
	Text   string
	Cursor string
	Limit  int
}

// Found is a product that has the words of a query.
type Found struct {
	Product Product
	// Snippet is an excerpt of its description as safe HTML, with the words in <mark>.
	Snippet string
}

// ProductIndex finds products by their words. It knows less than the catalogue, or something that is not true any more: so it shows
// only products that are in the catalogue now.
type ProductIndex interface {
	// Put makes a product findable as it is, or not findable if it was removed. Editions may come late, and twice: the highest
	// counts.
	Put(ctx context.Context, p Product) error
	// Find returns a page of the products with the words of a query, the best first, and the cursor of the next page, "" at the end.
	Find(ctx context.Context, q Query) (found []Found, next string, err error)
}

// Assortment is what staff offer and customers find.
//
// A change of a product is stored first, with the note that the index does not know it, and then indexed. What a process that dies
// leaves in between, CatchUp finds on a list.
type Assortment struct {
	catalogue Catalogue
	index     ProductIndex
}

// NewAssortment returns the assortment of a catalogue.
func NewAssortment(catalogue Catalogue, index ProductIndex) *Assortment {
	return &Assortment{catalogue, index}
}

// Create adds a product, as Catalogue does.
func (a *Assortment) Create(ctx context.Context, p Product) (Product, error) {
	p.Edition = 1
	created, err := a.catalogue.Create(ctx, p)
	return a.indexed(ctx, created, err)
}

// Edit changes a product, see Product.Edit.
func (a *Assortment) Edit(ctx context.Context, id, name, description string, price Money, now time.Time) (Product, error) {
	edited, err := a.catalogue.Update(ctx, id, func(p *Product) error { return p.Edit(name, description, price, now) })
	return a.indexed(ctx, edited, err)
}

// Remove removes a product from the catalogue, see Product.Remove.
func (a *Assortment) Remove(ctx context.Context, id string, now time.Time) error {
	removed, err := a.catalogue.Update(ctx, id, func(p *Product) error { return p.Remove(now) })
	_, err = a.indexed(ctx, removed, err)
	return err
}

// Search returns a page of the products with the words of a query, the best first, and the cursor of the next page, "" at the end.
func (a *Assortment) Search(ctx context.Context, q Query) (found []Found, next string, err error) {
	return a.index.Find(ctx, q)
}

// Unindexed reports whether the index does not know the product as it is.
func (p *Product) Unindexed() bool { return p.Edition > p.Indexed }

// indexTime bounds how long a request waits for the index.
const indexTime = 2 * time.Second

// indexed indexes a product that was changed, and returns it. If that fails, the change stands, and CatchUp tries again.
func (a *Assortment) indexed(ctx context.Context, p Product, err error) (Product, error) {
	if err == nil && p.Unindexed() {
		ctx, cancel := context.WithTimeout(ctx, indexTime)
		defer cancel()
		_ = a.put(ctx, p)
	}
	return p, err
}

// put indexes a product, and notes that in it.
func (a *Assortment) put(ctx context.Context, p Product) error {
	if err := a.index.Put(ctx, p); err != nil {
		return err
	}
	_, err := a.catalogue.Update(ctx, p.ID, func(stored *Product) error {
		stored.Indexed = max(stored.Indexed, p.Edition)
		return nil
	})
	return err
}

// catchUpTime bounds one run of CatchUp, and catchUpPage how many products it reads at once.
const (
	catchUpTime = 3 * time.Second
	catchUpPage = 100
)

// CatchUp indexes the products whose requests could not. Several processes may do this at once.
func (a *Assortment) CatchUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, catchUpTime)
	defer cancel()
	return backlog.Each(ctx, func(ctx context.Context, cursor string) ([]Product, string, error) {
		return a.catalogue.Unindexed(ctx, cursor, catchUpPage)
	}, a.put)
}
