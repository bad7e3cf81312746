package domain

import "math"

// Money is an amount in the minor units of its currency, such as cents.
type Money struct {
	Amount   int64  `json:"amount" minimum:"0" doc:"Minor units of the currency, such as cents"`
	Currency string `json:"currency" doc:"ISO 4217"`
}

// addTimes returns m plus price times quantity, all of which are at least 0; ok is false if the sum is too large.
func (m Money) addTimes(price Money, quantity int64) (sum Money, ok bool) {
	if quantity > 0 && price.Amount > (math.MaxInt64-m.Amount)/quantity {
		return m, false
	}
	return Money{Amount: m.Amount + price.Amount*quantity, Currency: price.Currency}, true
}
