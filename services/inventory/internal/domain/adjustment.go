package domain

import (
	"context"
	"time"

	"stoa/pkg/common/errs"
)

// Adjustment is a change of the stock of a product by hand.
type Adjustment struct {
	// ID follows from the Idempotency-Key of the request, so that a repeated request finds what the first one did.
	ID        string `json:"id"`
	ProductID string `json:"productId"`
	Change    int64  `json:"change"`
	Reason    string `json:"reason,omitempty"`
	// By is the account that asked for it.
	By string    `json:"by"`
	At time.Time `json:"at"`
	// Stock is how many pieces there were afterwards.
	Stock int64 `json:"stock"`
}

// Adjust adds pieces to the stock or removes some. It fails with errs.Conflict if not enough are available, errs.Invalid for
// a change of nothing or to too many, and errs.NotFound if the product was removed.
func (p *Product) Adjust(a Adjustment) error {
	switch {
	case p.Removed:
		return NotFound()
	case a.Change == 0:
		return errs.InvalidField("change", "must not be 0")
	case p.Available()+a.Change < 0:
		return errs.New(errs.Conflict, "only %d pieces are available", p.Available())
	case p.Stock+a.Change > MaxStock:
		return errs.InvalidField("change", "must not make the stock larger than %d pieces", MaxStock)
	}
	a.Stock = p.Stock + a.Change
	p.Stock, p.UpdatedAt, p.Latest = a.Stock, a.At, a
	return nil
}

// History stores adjustments, except the latest one of each product.
type History interface {
	// Find returns an adjustment, or a zero one if it is not stored.
	Find(ctx context.Context, id string) (Adjustment, error)
	// Store adds an adjustment to the list of its product and stores it, once.
	Store(ctx context.Context, a Adjustment) error
	// List returns a page of a product's adjustments, newest first, and the cursor of the next page, "" on the last.
	List(ctx context.Context, productID, cursor string, limit int) ([]Adjustment, string, error)
}

// Stock is how staff change the stock, and see how it changed.
//
// A change and its memory are one write: the product's document has its latest adjustment. The next one stores it in the
// history before it takes its place. So an adjustment counts in the stock if it is the product's latest or is in the history,
// and a process may die at any moment.
type Stock struct {
	products Products
	history  History
}

// NewStock returns the Stock of these products.
func NewStock(products Products, history History) *Stock {
	return &Stock{products: products, history: history}
}

// Adjust changes the stock of a product, once for each id, and returns the product. It fails like Product.Adjust, and with
// errs.KeyReused for another change under a known id.
func (s *Stock) Adjust(ctx context.Context, a Adjustment) (Product, error) {
	// The history is read after the product. If the same adjustment takes effect in between, the product has changed, and its
	// compare-and-swap starts again.
	return s.products.Update(ctx, a.ProductID, func(p *Product) error {
		known, latest := p.Latest, p.Latest
		if known.ID != a.ID {
			var err error
			if known, err = s.history.Find(ctx, a.ID); err != nil {
				return err
			}
		}
		if known.ID != "" {
			return a.repeats(known)
		}
		if err := p.Adjust(a); err != nil {
			return err
		}
		return s.keep(ctx, latest)
	})
}

func (a Adjustment) repeats(earlier Adjustment) error {
	if a.Change != earlier.Change || a.Reason != earlier.Reason {
		return errs.New(errs.KeyReused, "this Idempotency-Key was used for another change of stock")
	}
	return nil
}

func (s *Stock) keep(ctx context.Context, latest Adjustment) error {
	if latest.ID == "" {
		return nil
	}
	return s.history.Store(ctx, latest)
}

// History returns a page of a product's adjustments, newest first, and the cursor of the next page, "" on the last.
func (s *Stock) History(ctx context.Context, productID, cursor string, limit int) ([]Adjustment, string, error) {
	p, err := s.products.Get(ctx, productID)
	if err != nil {
		return nil, "", err
	}
	if err := s.keep(ctx, p.Latest); err != nil {
		return nil, "", err
	}
	return s.history.List(ctx, productID, cursor, limit)
}
