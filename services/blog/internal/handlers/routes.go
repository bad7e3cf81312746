// Package handlers answers people about their items, and handles events.
package handlers

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/services/blog/internal/domain"
)

// Title and About head the description of the API.
const (
	Title = "Blog"
	About = "The items on your list."
)

// base is the path of all operations.
const base = "/api/v1/blog/items"

// Routes adds the operations to an API that identity.Protect guards. Callers reach their own items alone.
func Routes(api huma.API, items *domain.Items) {
	h := handlers{items: items}
	tags := []string{"items"}

	// A new item on the caller's list.
	huma.Register(api, huma.Operation{
		OperationID: "create-blog-item", Method: http.MethodPost, Path: base, DefaultStatus: http.StatusCreated,
		Extensions: web.Repeatable,
		Summary:    "Add an item to your list", Tags: tags, Security: identity.SignedIn(),
		Description: "A repeated request with the same Idempotency-Key adds nothing and returns the item.",
		Responses:   web.Refusals(map[int]string{http.StatusUnprocessableEntity: "`name` has only spaces"}),
	}, h.create)

	// The caller's list.
	huma.Register(api, huma.Operation{
		OperationID: "list-blog-items", Method: http.MethodGet, Path: base,
		Summary: "List your items, newest first", Tags: tags, Security: identity.SignedIn(),
	}, h.list)

	// One item of the caller.
	huma.Register(api, huma.Operation{
		OperationID: "get-blog-item", Method: http.MethodGet, Path: base + "/{id}",
		Summary: "Show an item of yours", Tags: tags, Security: identity.SignedIn(),
	}, h.get)
}
