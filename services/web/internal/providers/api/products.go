package api

import (
	"context"
	"net/http"
	"time"
)

// StaffProduct is a product as staff see it.
type StaffProduct struct {
	Product
	Stock     int64     `json:"stock"`
	Reserved  int64     `json:"reserved"`
	Sold      int64     `json:"sold"`
	UpdatedAt time.Time `json:"updatedAt"`
}

// ProductDetails is what staff decide about a product.
type ProductDetails struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Price       Money  `json:"price"`
}

// NewProduct is a product that is to be added.
type NewProduct struct {
	ProductDetails
	SKU   string `json:"sku"`
	Stock int64  `json:"stock"`
}

// Adjustment is a change of stock by hand.
type Adjustment struct {
	Change int64     `json:"change"`
	Reason string    `json:"reason"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
	Stock  int64     `json:"stock"` // afterwards
}

// StaffProducts returns a page of the catalogue, newest first, or of those with the words q, the best first.
func (c *Client) StaffProducts(ctx context.Context, q, cursor, limit string) (List[StaffProduct], error) {
	o := get(inventory, "/api/v1/products")
	if q != "" {
		o = get(inventory, "/api/v1/products/search")
	}
	return call[List[StaffProduct]](ctx, c, o.with("q", q, "cursor", cursor, "limit", limit))
}

// StaffProduct returns a product.
func (c *Client) StaffProduct(ctx context.Context, id string) (StaffProduct, error) {
	return call[StaffProduct](ctx, c, get(inventory, "/api/v1/products", id))
}

// AddProduct adds a product, once for each key.
func (c *Client) AddProduct(ctx context.Context, key string, p NewProduct) (StaffProduct, error) {
	o := to(inventory, http.MethodPost, "/api/v1/products")
	o.key, o.body = key, p
	return call[StaffProduct](ctx, c, o)
}

// EditProduct changes a product.
func (c *Client) EditProduct(ctx context.Context, id string, details ProductDetails) error {
	o := to(inventory, http.MethodPut, "/api/v1/products", id)
	o.body = details
	return do(ctx, c, o)
}

// RemoveProduct removes a product from the catalogue.
func (c *Client) RemoveProduct(ctx context.Context, id string) error {
	return do(ctx, c, to(inventory, http.MethodDelete, "/api/v1/products", id))
}

// SetPicture gives a product a picture, a file of any kind that inventory reads.
func (c *Client) SetPicture(ctx context.Context, id string, image []byte) error {
	o := picture(http.MethodPut, id)
	o.body = map[string][]byte{"image": image}
	return do(ctx, c, o)
}

// RemovePicture takes its picture from a product.
func (c *Client) RemovePicture(ctx context.Context, id string) error {
	return do(ctx, c, picture(http.MethodDelete, id))
}

func picture(method, id string) operation {
	o := to(inventory, method, "/api/v1/products", id)
	o.path += "/picture"
	return o
}

// Adjust adds pieces to the stock of a product, or removes some, once for each key.
func (c *Client) Adjust(ctx context.Context, id, key string, change int64, reason string) error {
	o := stockOf(http.MethodPost, id)
	o.key, o.body = key, map[string]any{"change": change, "reason": reason}
	return do(ctx, c, o)
}

// Adjustments returns a page of the changes of a product's stock by hand, the latest first.
func (c *Client) Adjustments(ctx context.Context, id, cursor string) (List[Adjustment], error) {
	return call[List[Adjustment]](ctx, c, stockOf(http.MethodGet, id).with("cursor", cursor))
}

func stockOf(method, id string) operation {
	o := to(inventory, method, "/api/v1/products", id)
	o.path += "/stock"
	return o
}
