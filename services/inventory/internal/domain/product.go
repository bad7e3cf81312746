// Package domain has the rules of the catalogue and of the stock: how a product may change, and how all lines of an order
// are reserved or none, although only one document can be written at a time.
package domain

import (
	"time"

	"stoa/pkg/common/errs"
)

// MaxStock is the most pieces that one product may have, so that no sum overflows.
const MaxStock = 1_000_000_000

// Money is an amount in minor units, such as cents, of a currency (ISO 4217).
type Money struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

// Product is something to buy, with its stock. Always: initial + added stock = available + reserved + sold.
type Product struct {
	ID          string `json:"id"`
	SKU         string `json:"sku"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Price       Money  `json:"price"`
	// Picture is the version of its picture, "" without one.
	Picture string `json:"picture,omitempty"`
	// Stock is how many pieces there are, the reserved ones included.
	Stock int64 `json:"stock"`
	// Reserved is how many of them belong to orders that have not been shipped.
	Reserved int64 `json:"reserved"`
	// Sold is how many have been shipped.
	Sold      int64     `json:"sold"`
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
	// Removed products are no longer shown or sold; their reservations can still be released or committed.
	Removed bool `json:"removed,omitempty"`
	// Request is the fingerprint of the request that created it.
	Request string `json:"request,omitempty"`
	// Movements are pending, or holds that count. The ledger removes them when it writes the product, so there are few.
	Movements []Movement `json:"movements,omitempty"`
	// Edition grows when what searches look at changes. Indexed is the one that the search index knows.
	Edition int64 `json:"edition,omitempty"`
	Indexed int64 `json:"indexed,omitempty"`
	// Latest is the latest change of stock by hand. History has the earlier ones.
	Latest Adjustment `json:"latest,omitzero"`
	// Version is that of the document it was read from, "" for one that has changed since.
	Version string `json:"-"`
}

// Available is how many pieces can be reserved.
func (p *Product) Available() int64 {
	if p.Removed {
		return 0
	}
	return p.Stock - p.Reserved
}

// Edit changes the name, description and price. It fails with errs.NotFound if it was removed.
func (p *Product) Edit(name, description string, price Money, now time.Time) error {
	if p.Removed {
		return NotFound()
	}
	if p.Name != name || p.Description != description {
		p.Edition++
	}
	p.Name, p.Description, p.Price, p.UpdatedAt = name, description, price, now
	return nil
}

// Remove removes a product from the catalogue, once. It fails with errs.Conflict while pieces are reserved.
func (p *Product) Remove(now time.Time) error {
	switch {
	case p.Removed:
		return nil
	case p.Reserved > 0:
		return errs.New(errs.Conflict, "%d pieces are reserved for orders; ship or cancel those orders first", p.Reserved)
	}
	p.Removed, p.UpdatedAt, p.Edition = true, now, p.Edition+1
	return nil
}

// NotFound is the error for a product that was removed or never existed.
func NotFound() error { return errs.New(errs.NotFound, "there is no such product") }
