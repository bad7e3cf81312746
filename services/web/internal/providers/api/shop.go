package api

import (
	"context"
	"html/template"
)

const inventory = "inventory-api"

// Money is an amount in minor units, such as cents.
type Money struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

// Product is a product of the catalogue.
type Product struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	SKU         string `json:"sku"`
	Price       Money  `json:"price"`
	Available   int64  `json:"available"`
	// Picture is the address of its picture, "" for none.
	Picture string `json:"picture"`
	// Snippet is an excerpt with the words that were searched for; empty unless they were.
	Snippet template.HTML `json:"snippet"`
}

// Products returns a page of the catalogue, newest first, or of those with the words q, the best first.
func (c *Client) Products(ctx context.Context, q, cursor, limit string) (List[Product], error) {
	o := get(inventory, "/api/v1/products")
	if q != "" {
		o = get(inventory, "/api/v1/products/search")
	}
	return call[List[Product]](ctx, c, o.with("q", q, "cursor", cursor, "limit", limit))
}

// Product returns a product.
func (c *Client) Product(ctx context.Context, id string) (Product, error) {
	return call[Product](ctx, c, get(inventory, "/api/v1/products", id))
}
