package api

import (
	"context"
	"html/template"
	"iter"
)

const inventory, orders = "inventory-api", "order-api"

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

// Order is an order, as far as what is shown of it changes.
type Order struct {
	ID     string `json:"id"`
	Status string `json:"status"`
}

// WatchOrder yields an order as it is, and then each change of it, until nothing more can change.
func (c *Client) WatchOrder(ctx context.Context, id string) iter.Seq2[Order, error] {
	o := get(orders, "/api/v1/orders", id)
	o.path += "/events"
	return stream[Order](ctx, c, o)
}

// Product returns a product.
func (c *Client) Product(ctx context.Context, id string) (Product, error) {
	return call[Product](ctx, c, get(inventory, "/api/v1/products", id))
}
