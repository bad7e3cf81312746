package handlers

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"stoa/pkg/common/web"
	"stoa/services/notification/internal/domain"
)

// InternalBase is the path of the operations for other services. No route of the gateway leads there.
const InternalBase = "/internal"

// dataPage is how many notices one answer has.
const dataPage = 100

type accountInput struct {
	ID     string `path:"id" format:"uuid"`
	Cursor string `query:"cursor"`
}

// InternalRoutes adds the operation for auth, which calls through its sidecar.
func InternalRoutes(api huma.API, inbox domain.Inbox) {
	// For the archive of an account.
	huma.Register(api, huma.Operation{
		OperationID: "data-of-account", Method: http.MethodGet, Path: "/accounts/{id}/data",
		Summary: "List what is stored about an account",
	}, func(ctx context.Context, in *accountInput) (*web.DataOutput, error) {
		records, next, err := inbox.List(ctx, in.ID, in.Cursor, dataPage)
		return web.DataOf("notice", records, next), err
	})
}
