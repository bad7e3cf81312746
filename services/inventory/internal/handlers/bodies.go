package handlers

import (
	"time"

	"stoa/services/inventory/internal/domain"
)

// money is a price as people see it.
type money struct {
	Amount   int64  `json:"amount" minimum:"0" maximum:"1000000000" doc:"Minor units, such as cents" example:"1250"`
	Currency string `json:"currency" pattern:"^[A-Z]{3}$" patternDescription:"three capital letters (ISO 4217)" example:"EUR"`
}

// product is a product as people see it.
type product struct {
	ID          string    `json:"id" format:"uuid"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	SKU         string    `json:"sku"`
	Price       money     `json:"price"`
	Stock       int64     `json:"stock" doc:"Pieces in the house"`
	Available   int64     `json:"available" doc:"Pieces that nobody has reserved"`
	Reserved    int64     `json:"reserved" doc:"Pieces that belong to orders which have not been shipped"`
	Sold        int64     `json:"sold" doc:"Pieces that have been shipped"`
	CreatedAt   time.Time `json:"createdAt"`
	UpdatedAt   time.Time `json:"updatedAt"`
}

func productOf(p domain.Product) product {
	return product{
		ID: p.ID, Name: p.Name, Description: p.Description, SKU: p.SKU, Price: money(p.Price),
		Stock: p.Stock, Available: p.Available(), Reserved: p.Reserved, Sold: p.Sold,
		CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt,
	}
}

// Details are what staff may change about a product at any time.
type Details struct {
	Name        string `json:"name" minLength:"1" maxLength:"200" pattern:"\\S" patternDescription:"more than spaces"`
	Description string `json:"description,omitempty" maxLength:"2000"`
	Price       money  `json:"price"`
}

// newProduct is the body that adds a product.
type newProduct struct {
	Details
	SKU   string `json:"sku" minLength:"1" maxLength:"64" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]*$" patternDescription:"letters, digits, '.', '_' and '-'" doc:"Names the product in the shelf; capital and small letters are the same"`
	Stock int64  `json:"stock,omitempty" minimum:"0" maximum:"1000000" doc:"Pieces in the house to begin with"`
}

// adjustment is the body that changes the stock.
type adjustment struct {
	Change int64  `json:"change" minimum:"-1000000" maximum:"1000000" doc:"Pieces to add, or to take out if it is negative"`
	Reason string `json:"reason,omitempty" maxLength:"200" doc:"Kept in the log"`
}

// The inputs and outputs of the operations. What is embedded is exported, because huma passes over what is not.
type (
	// IDInput names a product.
	IDInput struct {
		ID string `path:"id"`
	}
	// KeyInput may identify a request, so that it can be sent again.
	KeyInput struct {
		Key string `header:"Idempotency-Key" maxLength:"200" pattern:"^[!-~]+$" patternDescription:"visible ASCII characters" doc:"Send the request again with the same key, and it is done once"`
	}
	// listInput is a place in the catalogue.
	listInput struct {
		Cursor string `query:"cursor" doc:"Where to go on: the next of the answer before"`
		Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20"`
	}
	// listOutput is a part of the catalogue.
	listOutput struct {
		Body struct {
			Items []product `json:"items" nullable:"false"`
			Next  string    `json:"next,omitempty" doc:"The cursor to go on from; missing at the end"`
		}
	}
	// createInput adds a product.
	createInput struct {
		KeyInput
		Body newProduct
	}
	// createOutput is the new product and its place.
	createOutput struct {
		Location string `header:"Location"`
		Body     product
	}
	// editInput changes a product.
	editInput struct {
		IDInput
		Body Details
	}
	// adjustInput changes the stock of a product.
	adjustInput struct {
		IDInput
		KeyInput
		Body adjustment
	}
	// productOutput is a product.
	productOutput struct {
		Body product
	}
)
