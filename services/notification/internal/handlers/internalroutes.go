package handlers

import (
	"context"
	"net/http"
	"strings"

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

// noticesFrom begins the cursors of the pages with notices, which follow that with the settings.
const noticesFrom = "notices:"

// InternalRoutes adds the operation for auth, which calls through its sidecar.
func InternalRoutes(api huma.API, decided *domain.Choices, inbox domain.Inbox) {
	// For the archive of an account.
	huma.Register(api, huma.Operation{
		OperationID: "data-of-account", Method: http.MethodGet, Path: "/accounts/{id}/data",
		Summary: "List what is stored about an account",
	}, func(ctx context.Context, in *accountInput) (*web.DataOutput, error) {
		cursor, notices := strings.CutPrefix(in.Cursor, noticesFrom)
		if !notices {
			settings, err := decided.Get(ctx, in.ID)
			return web.DataOf("mail-settings", []domain.Settings{settings}, noticesFrom), err
		}
		records, next, err := inbox.List(ctx, in.ID, cursor, dataPage)
		if next != "" {
			next = noticesFrom + next
		}
		return web.DataOf("notice", records, next), err
	})
}
