// Package handlers receives events and answers requests about inboxes.
package handlers

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"stoa/pkg/identity"
	"stoa/services/notification/internal/domain"
)

// Routes adds the operations to an API that identity.Protect guards.
func Routes(api huma.API, inbox domain.Inbox) {
	h := handlers{inbox: inbox}

	huma.Register(api, huma.Operation{
		OperationID: "list-notifications", Method: http.MethodGet, Path: "/api/v1/notifications", Tags: []string{"inbox"},
		Summary: "List your notifications, newest first", Security: identity.SignedIn(),
	}, h.list)
}
