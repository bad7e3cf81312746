package handlers

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"stoa/pkg/common/web"
	"stoa/services/web/internal/domain"
)

// InternalBase is the path of the operations for other services. No route of the gateway leads there.
const InternalBase = "/internal"

// InternalRoutes adds the operation for auth, which calls through its sidecar.
func InternalRoutes(api huma.API, carts domain.CartStore) {
	// For the archive of an account. Sessions are in auth's part of it.
	web.DataRoute(api, web.DataKindOf("cart", func(ctx context.Context, accountID, _ string) ([]domain.Cart, string, error) {
		cart, err := carts.Get(ctx, accountID)
		if err != nil || len(cart.Items) == 0 {
			return nil, "", err
		}
		return []domain.Cart{cart}, "", nil
	}))
}
