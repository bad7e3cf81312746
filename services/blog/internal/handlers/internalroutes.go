package handlers

import (
	"github.com/danielgtaylor/huma/v2"

	"stoa/pkg/common/web"
	"stoa/services/blog/internal/domain"
)

// InternalBase is the path of the operations for other services. No route of the gateway leads there.
const InternalBase = "/internal"

// InternalRoutes adds the operation for auth, which calls through its sidecar.
func InternalRoutes(api huma.API, own *domain.OwnData) {
	// For the archive of an account.
	web.DataRoute(api,
		web.DataKindOf("author", own.Author), web.DataKindOf("follow", own.Followed), web.DataKindOf("draft", own.Drafts),
		web.DataKindOf("submission", own.Submitted), web.DataKindOf("published-post", own.Published),
		web.DataKindOf("comment", own.Commented), web.DataKindOf("report", own.Reported),
	)
}
