// Package domain has the notices that people get, and makes sure that each is sent once.
package domain

import (
	"fmt"
	"slices"
	"time"
)

// Order is an order as events carry it.
type Order struct {
	ID        string    `json:"id"`
	Customer  Customer  `json:"customer"`
	Status    string    `json:"status"`
	Items     []Line    `json:"items"`
	Total     Money     `json:"total"`
	Reason    string    `json:"reason,omitempty"`
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
}

// Customer is the person who placed an order.
type Customer struct {
	ID    string `json:"id"`
	Email string `json:"email,omitempty"`
	Name  string `json:"name,omitempty"`
}

// Line is one product of an order, at the price at which it was ordered.
type Line struct {
	ProductID string `json:"productId"`
	SKU       string `json:"sku"`
	Name      string `json:"name"`
	Quantity  int64  `json:"quantity"`
	UnitPrice Money  `json:"unitPrice"`
}

// Sum is the price of the whole line.
func (l Line) Sum() Money {
	return Money{Amount: l.UnitPrice.Amount * l.Quantity, Currency: l.UnitPrice.Currency}
}

// LowStock says that few pieces of a product are available.
type LowStock struct {
	ProductID string `json:"productId"`
	SKU       string `json:"sku"`
	Name      string `json:"name"`
	Available int64  `json:"available"`
	Threshold int64  `json:"threshold"`
}

// Money is an amount in minor units of a currency, such as cents.
type Money struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

// Currencies whose minor unit is not a hundredth (ISO 4217).
var (
	withoutMinorUnit = []string{"CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF", "XPF"}
	inThousandths    = []string{"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"}
)

// String returns the amount as people write it: "12.50 EUR", "1250 JPY".
func (m Money) String() string {
	unit, digits := int64(100), 2
	switch {
	case slices.Contains(withoutMinorUnit, m.Currency):
		return fmt.Sprintf("%d %s", m.Amount, m.Currency)
	case slices.Contains(inThousandths, m.Currency):
		unit, digits = 1000, 3
	}
	return fmt.Sprintf("%d.%0*d %s", m.Amount/unit, digits, m.Amount%unit, m.Currency)
}
