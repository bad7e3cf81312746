package handlers

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"stoa/pkg/common/web"
	"stoa/services/web/internal/domain"
)

// InternalBase is the path of the operations for other services. No route of the gateway leads there.
const InternalBase = "/internal"

type ownerInput struct {
	ID     string `path:"id" format:"uuid"`
	Cursor string `query:"cursor"`
}

// InternalRoutes adds the operation for auth, which calls through its sidecar.
func InternalRoutes(api huma.API, carts domain.CartStore) {
	// For the archive of an account. Sessions are in auth's part of it.
	huma.Register(api, huma.Operation{
		OperationID: "data-of-account", Method: http.MethodGet, Path: "/accounts/{id}/data",
		Summary: "List what is stored about an account",
	}, func(ctx context.Context, in *ownerInput) (*web.DataOutput, error) {
		cart, err := carts.Get(ctx, in.ID)
		var filled []domain.Cart
		if len(cart.Items) > 0 {
			filled = append(filled, cart)
		}
		return web.DataOf("cart", filled, ""), err
	})
}
