// Package handlers is how others talk to the stock: people by HTTP, orders by events, services by gRPC.
package handlers

import (
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"stoa/pkg/common/web"
	"stoa/pkg/identity"
)

// shown is how long a product may be shown as it was: a customer who looks does not notice, and a crowd that looks costs
// one question a second. Nobody is sold anything by it, since an order asks for a quote.
const shown = time.Second

// Register adds the operations for people to the API. Everybody may look; those who run the shop change things.
func Register(api huma.API, catalogue Catalogue) {
	h := products{catalogue: catalogue}
	staff, tags := identity.SignedIn(identity.Staff, identity.Admin), []string{"products"}

	// The catalogue, newest first.
	huma.Register(api, web.Cacheable(shown, huma.Operation{
		OperationID: "list-products", Method: http.MethodGet, Path: "/api/v1/products",
		Summary: "List the products", Tags: tags,
		Errors: []int{http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
	}), h.list)

	// One product.
	huma.Register(api, web.Cacheable(shown, huma.Operation{
		OperationID: "get-product", Method: http.MethodGet, Path: "/api/v1/products/{id}",
		Summary: "Show a product", Tags: tags,
		Errors: []int{http.StatusNotFound, http.StatusServiceUnavailable},
	}), h.get)

	// A new product, with the pieces that are there to begin with. Its SKU is its own among all products.
	huma.Register(api, huma.Operation{
		OperationID: "create-product", Method: http.MethodPost, Path: "/api/v1/products", DefaultStatus: http.StatusCreated,
		Summary: "Add a product", Tags: tags, Security: staff,
		Description: "Sent again with the same Idempotency-Key, it adds nothing, and the answer is the product as it is then.",
		Errors: []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusConflict, http.StatusUnprocessableEntity,
			http.StatusServiceUnavailable},
	}, h.create)

	// What people read about a product. Orders keep the price that they were placed at.
	huma.Register(api, huma.Operation{
		OperationID: "edit-product", Method: http.MethodPut, Path: "/api/v1/products/{id}",
		Summary: "Change name, description and price", Tags: tags, Security: staff,
		Errors: []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusUnprocessableEntity,
			http.StatusServiceUnavailable},
	}, h.edit)

	// Not while orders need pieces of it.
	huma.Register(api, huma.Operation{
		OperationID: "remove-product", Method: http.MethodDelete, Path: "/api/v1/products/{id}",
		Summary: "Take a product out of the catalogue", Tags: tags, Security: staff,
		Errors: []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusConflict,
			http.StatusServiceUnavailable},
	}, h.remove)

	// Deliveries, losses, counts: relative, so that it agrees with orders that come in at the same time.
	huma.Register(api, huma.Operation{
		OperationID: "adjust-stock", Method: http.MethodPost, Path: "/api/v1/products/{id}/stock",
		Summary: "Add pieces, or take some out", Tags: tags, Security: staff,
		Description: "Sent again with the same Idempotency-Key, it changes nothing. Only pieces that are available can be taken out.",
		Errors: []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusConflict,
			http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
	}, h.adjust)
}
