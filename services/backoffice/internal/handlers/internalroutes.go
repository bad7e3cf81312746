package handlers

import (
	"cmp"
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"stoa/pkg/common/web"
	"stoa/services/backoffice/internal/domain"
)

// InternalBase is the path of the operations for other services. No route of the gateway leads there.
const InternalBase = "/internal"

// dataPage is how many documents one answer looks at.
const dataPage = 100

type accountInput struct {
	ID     string `path:"id" format:"uuid"`
	Cursor string `query:"cursor"`
}

// InternalRoutes adds the operation for auth, which calls through its sidecar.
func InternalRoutes(api huma.API, fulfilments *domain.Fulfilments, letters *domain.DeadLetters) {
	// For the archive of an account: first fulfilments, then dead letters. The cursor begins with the kind.
	huma.Register(api, huma.Operation{
		OperationID: "data-of-account", Method: http.MethodGet, Path: "/accounts/{id}/data",
		Summary: "List what is stored about an account",
	}, func(ctx context.Context, in *accountInput) (*web.DataOutput, error) {
		kind, cursor, _ := strings.Cut(cmp.Or(in.Cursor, "fulfilment "), " ")
		if kind == "dead-letter" {
			found, next, err := letters.About(ctx, in.ID, cursor, dataPage)
			return web.DataOf(kind, found, following(kind, next, "")), err
		}
		found, next, err := fulfilments.OfCustomer(ctx, in.ID, cursor, dataPage)
		return web.DataOf(kind, found, following(kind, next, "dead-letter ")), err
	})
}

// following returns the cursor of the next page of a kind, or what comes after that kind.
func following(kind, next, after string) string {
	if next == "" {
		return after
	}
	return kind + " " + next
}
