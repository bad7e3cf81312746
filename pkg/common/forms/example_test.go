package forms_test

import (
	"encoding/json"
	"fmt"

	"stoa/pkg/common/forms"
)

// Price is in its second form. The first was a number of cents, always in euros.
type Price struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

// Form implements forms.Versioned.
func (Price) Form() int { return 2 }

// Upgrade implements forms.Versioned.
func (Price) Upgrade(_ int, old json.RawMessage) (json.RawMessage, error) {
	var first struct {
		Cents int64 `json:"cents"`
	}
	if err := json.Unmarshal(old, &first); err != nil {
		return nil, err
	}
	return json.Marshal(Price{Amount: first.Cents, Currency: "EUR"})
}

// A type that changes its form says how to read the form before.
func ExampleVersioned() {
	var price Price
	err := forms.Read([]byte(`{"cents":1250}`), &price)
	fmt.Println(price, err)
	raw, err := forms.Write(price)
	fmt.Println(string(raw), err)
	fmt.Println(forms.Read([]byte(`{"form":3,"amount":"12.50 EUR"}`), &price))
	// Output:
	// {1250 EUR} <nil>
	// {"form":2,"amount":1250,"currency":"EUR"} <nil>
	// this was written by a newer version of the service; try again later
}
