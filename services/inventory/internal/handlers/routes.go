// Package handlers serves people over HTTP, and other services by events and gRPC.
package handlers

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gorilla/mux"

	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/pkg/search"
	"stoa/services/inventory/internal/domain"
)

// maxAge is how long caches may keep a product, so that many readers cost one read a second. Orders do not use cached
// prices: placing an order asks for a quote.
const maxAge = time.Second

// largeBody has room for the longest description, even if every character is escaped.
const largeBody = 32 << 10

// pictureBody has room for the largest file in base64.
const pictureBody = 1400 << 10

// Routes adds the operations to an API that identity.Protect guards. Everyone may read; staff may change.
func Routes(
	api huma.API, catalogue domain.Catalogue, assortment *domain.Assortment, stock *domain.Stock, pictures *domain.Pictures, index *search.Index,
) {
	searches(api, finding{assortment}, index) // before /products/{id}, which they look like
	illustrations(api, illustrating{pictures})
	h, s := products{catalogue, assortment}, stocks{stock}
	staff, tags := identity.SignedIn(identity.Staff, identity.Admin), []string{"products"}

	huma.Register(api, web.Cacheable(maxAge, huma.Operation{
		OperationID: "list-products", Method: http.MethodGet, Path: "/api/v1/products",
		Summary: "List the products, newest first", Tags: tags,
	}), h.list)

	huma.Register(api, web.Cacheable(maxAge, huma.Operation{
		OperationID: "get-product", Method: http.MethodGet, Path: "/api/v1/products/{id}",
		Summary: "Show a product", Tags: tags,
	}), h.get)

	// The gateway adds an Idempotency-Key if there is none, because the operation is repeatable.
	huma.Register(api, huma.Operation{
		OperationID: "create-product", Method: http.MethodPost, Path: "/api/v1/products", DefaultStatus: http.StatusCreated,
		Extensions: web.Repeatable,
		Summary:    "Add a product", Tags: tags, Security: staff,
		Description:  "A repeated request with the same Idempotency-Key adds nothing and returns the product as it is now.",
		MaxBodyBytes: largeBody, Responses: web.Refusals(map[int]string{http.StatusConflict: "Another product has this `sku`"}),
	}, h.create)

	// Orders that are already placed keep their price.
	huma.Register(api, huma.Operation{
		OperationID: "edit-product", Method: http.MethodPut, Path: "/api/v1/products/{id}",
		Summary: "Change the name, description and price of a product", Tags: tags, Security: staff,
		MaxBodyBytes: largeBody,
	}, h.edit)

	// Refused while pieces are reserved.
	huma.Register(api, huma.Operation{
		OperationID: "remove-product", Method: http.MethodDelete, Path: "/api/v1/products/{id}",
		Summary: "Remove a product from the catalogue", Tags: tags, Security: staff,
		Responses: web.Refusals(map[int]string{http.StatusConflict: "Pieces are reserved for orders"}),
	}, h.remove)

	// The body is a difference, not a total: a total would be wrong if an order is placed at the same time.
	huma.Register(api, huma.Operation{
		OperationID: "adjust-stock", Method: http.MethodPost, Path: "/api/v1/products/{id}/stock",
		Extensions: web.Repeatable,
		Summary:    "Add pieces to the stock, or remove some", Tags: tags, Security: staff,
		Description: "A repeated request with the same Idempotency-Key changes nothing. Only available pieces can be removed.",
		Responses: web.Refusals(map[int]string{
			http.StatusConflict:            "Fewer pieces are available than are to be removed",
			http.StatusUnprocessableEntity: "`change` is 0, or makes the stock too large",
		}),
	}, s.adjust)

	// Each change by hand is in the history, for ever. What orders take and give back is not.
	huma.Register(api, huma.Operation{
		OperationID: "list-adjustments", Method: http.MethodGet, Path: "/api/v1/products/{id}/stock",
		Summary: "List how staff changed the stock, newest first", Tags: tags, Security: staff,
	}, s.list)
}

// illustrations adds how products get pictures, and everyone sees them.
func illustrations(api huma.API, h illustrating) {
	staff, tags := identity.SignedIn(identity.Staff, identity.Admin), []string{"pictures"}

	// Sent again, the same file changes nothing.
	huma.Register(api, huma.Operation{
		OperationID: "set-picture", Method: http.MethodPut, Path: "/api/v1/products/{id}/picture",
		Summary: "Give a product a picture", Tags: tags, Security: staff, MaxBodyBytes: pictureBody,
		Description: "JPEG, PNG, GIF and WebP become a JPEG of at most 960 by 960 pixels, and lose what the camera wrote into them. An SVG stays as " +
			"it is: it may have shapes and gradients, and nothing else.",
		Responses: web.Refusals(map[int]string{
			http.StatusUnprocessableEntity: "`image` is not a picture in base64, is over 1 MB, has over 24 million pixels, or is an SVG of more than shapes",
		}),
	}, h.set)

	huma.Register(api, huma.Operation{
		OperationID: "remove-picture", Method: http.MethodDelete, Path: "/api/v1/products/{id}/picture",
		Summary: "Take its picture from a product", Tags: tags, Security: staff,
	}, h.remove)

	// Browsers that show a page have no API key.
	shown := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	huma.Register(api, huma.Operation{
		OperationID: "get-picture", Method: http.MethodGet, Path: "/api/v1/products/{id}/picture/{version}",
		Summary: "Show the picture of a product", Tags: tags, Security: web.NoKey(),
		Description: "A product names the address. Pictures may be kept for ever, because another picture has another address.",
		Responses: map[string]*huma.Response{
			"200": {Description: "The picture", Content: map[string]*huma.MediaType{"image/jpeg": shown, "image/svg+xml": shown}},
		},
	}, h.get)
}

// searches adds how everyone finds products, and how staff have the index made again.
func searches(api huma.API, h finding, index *search.Index) {
	huma.Register(api, web.Cacheable(maxAge, huma.Operation{
		OperationID: "search-products", Method: http.MethodGet, Path: "/api/v1/products/search",
		Summary: "Find products by their words or their SKU, the best first", Tags: []string{"searching"},
		Description: "A product matches that has all words, in any form: in its name or its description. A page may be short, or empty, and have a next one.",
		Responses: web.Refusals(map[int]string{
			http.StatusUnprocessableEntity: "`q` has more than 16 words; `cursor` is that of another search",
		}),
	}), h.search)

	search.RebuildRoutes(api, index, "product", "/api/v1/products/search/rebuild")
}

// Schedules adds what the sidecar calls on schedule. index begins the work on the search index.
func Schedules(router *mux.Router, catalogue domain.Catalogue, assortment *domain.Assortment, index func(context.Context) error) {
	web.OnSchedule(router, "search", assortment.CatchUp, index)
	web.OnSchedule(router, "compact", catalogue.Compact)
}
