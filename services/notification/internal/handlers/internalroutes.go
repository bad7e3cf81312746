package handlers

import (
	"github.com/danielgtaylor/huma/v2"

	"stoa/pkg/common/web"
	"stoa/services/notification/internal/domain"
)

// InternalBase is the path of the operations for other services. No route of the gateway leads there.
const InternalBase = "/internal"

// InternalRoutes adds the operation for auth, which calls through its sidecar.
func InternalRoutes(api huma.API, own *domain.OwnData) {
	// For the archive of an account.
	web.DataRoute(api,
		web.DataKindOf("mail-settings", own.Settings), web.DataKindOf("digest", own.Digest), web.DataKindOf("editor", own.Editor),
		web.DataKindOf("notice", own.Notices),
	)
}
