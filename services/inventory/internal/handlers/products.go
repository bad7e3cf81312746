package handlers

import (
	"context"
	"time"

	"stoa/pkg/common/ids"
	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/services/inventory/internal/domain"
)

// products handles requests about products.
type products struct {
	catalogue  domain.Catalogue
	assortment *domain.Assortment
}

func (h products) list(ctx context.Context, in *web.Page) (*listOutput, error) {
	found, next, err := h.catalogue.List(ctx, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return &listOutput{Body: web.ListingOf(found, next, productOf)}, nil
}

func (h products) get(ctx context.Context, in *IDInput) (*productOutput, error) {
	return answer(h.catalogue.Get(ctx, in.ID))
}

func (h products) create(ctx context.Context, in *createInput) (*createOutput, error) {
	now := clock()
	p, err := h.assortment.Create(ctx, domain.Product{
		ID: ids.ForRequest("product", identity.CallerOf(ctx).ID, in.Key), Request: ids.Fingerprint(in.Body),
		SKU: in.Body.SKU, Name: in.Body.Name, Description: in.Body.Description,
		Price: domain.Money(in.Body.Price), Stock: in.Body.Stock, CreatedAt: now, UpdatedAt: now,
	})
	if err != nil {
		return nil, err
	}
	return &createOutput{Location: "/api/v1/products/" + p.ID, Body: productOf(p)}, nil
}

func (h products) edit(ctx context.Context, in *editInput) (*productOutput, error) {
	return answer(h.assortment.Edit(ctx, in.ID, in.Body.Name, in.Body.Description, domain.Money(in.Body.Price), clock()))
}

func (h products) remove(ctx context.Context, in *IDInput) (*struct{}, error) {
	return nil, h.assortment.Remove(ctx, in.ID, clock())
}

func answer(p domain.Product, err error) (*productOutput, error) {
	if err != nil {
		return nil, err
	}
	return &productOutput{Body: productOf(p)}, nil
}

// clock returns the present time in whole microseconds, which is precise enough for the API.
func clock() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// money is a price as the API shows it.
type money struct {
	Amount   int64  `json:"amount" minimum:"0" maximum:"1000000000" doc:"Minor units, such as cents" example:"1250"`
	Currency string `json:"currency" pattern:"^[A-Z]{3}$" patternDescription:"three capital letters (ISO 4217)" example:"EUR"`
}

// Product is a product as the API shows it.
type Product struct {
	ID          string    `json:"id" format:"uuid"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	SKU         string    `json:"sku"`
	Price       money     `json:"price"`
	Picture     string    `json:"picture,omitempty" format:"uri-reference" doc:"Where its picture is; absent if it has none"`
	Stock       int64     `json:"stock" doc:"Pieces in stock, the reserved ones included"`
	Available   int64     `json:"available" doc:"Pieces that can be ordered"`
	Reserved    int64     `json:"reserved" doc:"Pieces reserved for orders that have not been shipped"`
	Sold        int64     `json:"sold" doc:"Pieces that have been shipped"`
	CreatedAt   time.Time `json:"createdAt"`
	UpdatedAt   time.Time `json:"updatedAt"`
}

func productOf(p domain.Product) Product {
	return Product{
		ID: p.ID, Name: p.Name, Description: p.Description, SKU: p.SKU, Price: money(p.Price), Picture: pictureOf(p),
		Stock: p.Stock, Available: p.Available(), Reserved: p.Reserved, Sold: p.Sold,
		CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt,
	}
}

// Details are what staff may change about a product.
type Details struct {
	Name        string `json:"name" minLength:"1" maxLength:"200" pattern:"^[^\\x00]*[^\\s\\x00][^\\x00]*$" patternDescription:"not only spaces, and without the character U+0000"`
	Description string `json:"description,omitempty" maxLength:"2000" pattern:"^[^\\x00]*$" patternDescription:"a text without the character U+0000"`
	Price       money  `json:"price"`
}

// newProduct is the body that adds a product.
type newProduct struct {
	Details
	SKU   string `json:"sku" minLength:"1" maxLength:"64" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]*$" patternDescription:"letters, digits, '.', '_' and '-'" doc:"The stock keeping unit, unique among all products; upper and lower case are the same"`
	Stock int64  `json:"stock,omitempty" minimum:"0" maximum:"1000000" doc:"Pieces in stock at the start"`
}

// The inputs and outputs of the operations. Embedded types are exported because huma ignores others.
type (
	// IDInput names a product.
	IDInput struct {
		ID string `path:"id" format:"uuid" doc:"The id of the product"`
	}
	listOutput struct{ Body web.Listing[Product] }

	createInput struct {
		web.Idempotency
		Body newProduct
	}
	createOutput struct {
		Location string `header:"Location"`
		Body     Product
	}
	editInput struct {
		IDInput
		Body Details
	}
	productOutput struct {
		Body Product
	}
)
