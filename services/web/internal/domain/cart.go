package domain

import (
	"context"
	"slices"

	"stoa/pkg/common/errs"
)

// The limits of a cart. That of a guest has to fit into a cookie, and no order has more pieces of a product, or more lines.
const (
	MaxCartItems = 30
	MaxPieces    = 1000
	maxMerged    = 100
)

// Cart is what somebody wants to buy. The zero Cart is empty.
type Cart struct {
	// ID is the idempotency key of the order that the cart becomes, so it becomes one, however often it is sent. Once that is placed,
	// the cart gets another one. A guest's cart has none: guests cannot order.
	ID    string     `json:"id,omitempty"`
	Items []CartItem `json:"items"`
}

// CartItem is a number of pieces of one product. Its names are short, for the cookie.
type CartItem struct {
	ProductID string `json:"p"`
	Quantity  int64  `json:"q"`
}

// CartStore stores the carts of accounts, for a while after their last change.
type CartStore interface {
	// Get returns the cart of an account, an empty one if nothing is stored.
	Get(ctx context.Context, accountID string) (Cart, error)
	// Update changes the cart of an account by a pure function, which may run several times.
	Update(ctx context.Context, accountID string, change func(*Cart) error) (Cart, error)
}

// Pieces is the number of pieces of all products.
func (c Cart) Pieces() (sum int64) {
	for _, item := range c.Items {
		sum += item.Quantity
	}
	return sum
}

// Has reports whether a product is in the cart.
func (c Cart) Has(productID string) bool { return c.find(productID) >= 0 }

func (c Cart) find(productID string) int {
	return slices.IndexFunc(c.Items, func(item CartItem) bool { return item.ProductID == productID })
}

// Add puts pieces of a product into the cart, beside those that are there. It fails with errs.Conflict if the cart is full.
func (c *Cart) Add(productID string, quantity int64) error {
	i := c.find(productID)
	switch {
	case i >= 0:
		c.Items[i].Quantity = min(c.Items[i].Quantity+quantity, MaxPieces)
	case len(c.Items) >= MaxCartItems:
		return errs.New(errs.Conflict, "your cart has %d products, and no room for another one. Order these first", len(c.Items))
	default:
		c.Items = append(c.Items, CartItem{ProductID: productID, Quantity: min(quantity, MaxPieces)})
	}
	return nil
}

// Set changes how many pieces of a product are in the cart, 0 for none. A product that is not in the cart stays out: it may have been
// ordered a moment ago.
func (c *Cart) Set(productID string, quantity int64) {
	i := c.find(productID)
	switch {
	case i < 0:
	case quantity <= 0:
		c.Items = slices.Delete(c.Items, i, i+1)
	default:
		c.Items[i].Quantity = min(quantity, MaxPieces)
	}
}

// Merge adds another cart, such as that of a guest who has signed in. Of a product in both, the larger quantity counts: so nothing changes
// if the answer that ends the guest's cart is lost, and it is merged again.
func (c *Cart) Merge(other Cart) {
	for _, item := range other.Items {
		i := c.find(item.ProductID)
		switch {
		case i >= 0:
			c.Items[i].Quantity = max(c.Items[i].Quantity, item.Quantity)
		case len(c.Items) < maxMerged:
			c.Items = append(c.Items, item)
		}
	}
}

// Ordered takes out what was ordered with this key, and gives the cart its next one. What was put in meanwhile stays. Nothing changes if
// the order is known already.
func (c *Cart) Ordered(key string, items []CartItem, next string) {
	if c.ID != key {
		return
	}
	c.ID = next
	for _, item := range items {
		if i := c.find(item.ProductID); i >= 0 {
			c.Set(item.ProductID, c.Items[i].Quantity-item.Quantity)
		}
	}
}
