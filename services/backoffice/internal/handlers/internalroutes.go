package handlers

import (
	"github.com/danielgtaylor/huma/v2"

	"stoa/pkg/common/web"
	"stoa/services/backoffice/internal/domain"
)

// InternalBase is the path of the operations for other services. No route of the gateway leads there.
const InternalBase = "/internal"

// InternalRoutes adds the operation for auth, which calls through its sidecar.
func InternalRoutes(api huma.API, fulfilments *domain.Fulfilments, letters *domain.DeadLetters) {
	// For the archive of an account.
	web.DataRoute(api, web.DataKindOf("fulfilment", fulfilments.About), web.DataKindOf("dead-letter", letters.About))
}
