package handlers

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"stoa/pkg/common/web"
	"stoa/services/blog/internal/domain"
)

// InternalBase is the path of the operations for other services. No route of the gateway leads there.
const InternalBase = "/internal"

type accountInput struct {
	ID     string `path:"id" format:"uuid"`
	Cursor string `query:"cursor"`
}

// InternalRoutes adds the operation for auth, which calls through its sidecar.
func InternalRoutes(api huma.API, own *domain.OwnData) {
	// For the archive of an account.
	huma.Register(api, huma.Operation{
		OperationID: "data-of-account", Method: http.MethodGet, Path: "/accounts/{id}/data",
		Summary: "List what is stored about an account",
	}, func(ctx context.Context, in *accountInput) (*web.DataOutput, error) {
		kind, things, next, err := own.Page(ctx, in.ID, in.Cursor)
		return web.DataOf(kind, things, next), err
	})
}
