// Package handlers is how others reach the stock: people by HTTP, services by events and gRPC.
package handlers

import (
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/services/inventory/internal/domain"
)

// maxAge is how long caches may keep a product: with many readers the service is asked once a second. No order relies on
// it, since placing an order asks for a quote.
const maxAge = time.Second

// Routes adds the operations to an API that identity.Protect guards. Everyone may read; staff may change.
func Routes(api huma.API, catalogue domain.Catalogue) {
	h := products{catalogue: catalogue}
	staff, tags := identity.SignedIn(identity.Staff, identity.Admin), []string{"products"}

	// The catalogue, newest first.
	huma.Register(api, web.Cacheable(maxAge, huma.Operation{
		OperationID: "list-products", Method: http.MethodGet, Path: "/api/v1/products",
		Summary: "List the products, newest first", Tags: tags,
	}), h.list)

	// One product.
	huma.Register(api, web.Cacheable(maxAge, huma.Operation{
		OperationID: "get-product", Method: http.MethodGet, Path: "/api/v1/products/{id}",
		Summary: "Show a product", Tags: tags,
	}), h.get)

	// A new product with its first stock. Its SKU is unique.
	huma.Register(api, huma.Operation{
		OperationID: "create-product", Method: http.MethodPost, Path: "/api/v1/products", DefaultStatus: http.StatusCreated,
		Extensions: web.Repeatable,
		Summary:    "Add a product", Tags: tags, Security: staff,
		Description: "A repeated request with the same Idempotency-Key adds nothing and returns the product as it is now.",
		Errors:      []int{http.StatusConflict},
	}, h.create)

	// Orders keep the price that they were placed at.
	huma.Register(api, huma.Operation{
		OperationID: "edit-product", Method: http.MethodPut, Path: "/api/v1/products/{id}",
		Summary: "Change the name, description and price of a product", Tags: tags, Security: staff,
	}, h.edit)

	// Refused while orders need pieces of it.
	huma.Register(api, huma.Operation{
		OperationID: "remove-product", Method: http.MethodDelete, Path: "/api/v1/products/{id}",
		Summary: "Remove a product from the catalogue", Tags: tags, Security: staff,
		Errors: []int{http.StatusConflict},
	}, h.remove)

	// Deliveries, losses, counts: a difference, so that it agrees with orders that come in at the same time.
	huma.Register(api, huma.Operation{
		OperationID: "adjust-stock", Method: http.MethodPost, Path: "/api/v1/products/{id}/stock",
		Summary: "Add pieces to the stock, or remove some", Tags: tags, Security: staff,
		Description: "A repeated request with the same Idempotency-Key changes nothing. Only available pieces can be removed.",
		Errors:      []int{http.StatusConflict},
	}, h.adjust)
}
