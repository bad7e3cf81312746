// Package domain has the rules of the catalogue and of the stock: how a product may change, and how all lines of an order
// are reserved or none, although only one document can be written at a time.
package domain

import (
	"slices"
	"time"

	"stoa/pkg/common/errs"
)

// MaxStock is the most pieces that one product may have, so that no sum overflows.
const MaxStock = 1_000_000_000

// maxAdjustments is how many changes of stock a product remembers. After so many others, a repeated request counts as new.
const maxAdjustments = 20

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
	// Movements are pending. They are removed as soon as their outcome is decided, so there are few.
	Movements []Movement `json:"movements,omitempty"`
	// Adjustments are the latest changes of stock that had a key, oldest first.
	Adjustments []Adjustment `json:"adjustments,omitempty"`
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
	p.Removed, p.UpdatedAt = true, now
	return nil
}

// Adjustment identifies a change of stock that was requested with a key.
type Adjustment struct {
	// Key is derived from the caller and the Idempotency-Key.
	Key string `json:"key"`
	// Request is the fingerprint of the request.
	Request string `json:"request"`
}

// Adjust adds pieces to the stock or removes some, once for each key. It fails with errs.Conflict if not enough are
// available, errs.Invalid if there would be too many, errs.KeyReused if the key was used for another request, and
// errs.NotFound if the product was removed.
func (p *Product) Adjust(a Adjustment, change int64, now time.Time) error {
	if p.Removed {
		return NotFound()
	}
	if known := p.adjusted(a.Key); known != nil {
		if known.Request != a.Request {
			return errs.New(errs.KeyReused, "this Idempotency-Key was used for another change of stock")
		}
		return nil
	}
	switch {
	case p.Available()+change < 0:
		return errs.New(errs.Conflict, "only %d pieces are available", p.Available())
	case p.Stock+change > MaxStock:
		return errs.InvalidField("change", "must not make the stock larger than %d pieces", MaxStock)
	}
	p.Stock, p.UpdatedAt = p.Stock+change, now
	if a.Key != "" {
		p.Adjustments = append(p.Adjustments, a)
		p.Adjustments = p.Adjustments[max(0, len(p.Adjustments)-maxAdjustments):]
	}
	return nil
}

func (p *Product) adjusted(key string) *Adjustment {
	i := slices.IndexFunc(p.Adjustments, func(a Adjustment) bool { return key != "" && a.Key == key })
	if i < 0 {
		return nil
	}
	return &p.Adjustments[i]
}

// NotFound is the error for a product that was removed or never existed.
func NotFound() error { return errs.New(errs.NotFound, "there is no such product") }
