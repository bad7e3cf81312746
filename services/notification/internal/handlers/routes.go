// Package handlers receives events and answers requests about inboxes.
package handlers

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"stoa/pkg/identity"
	"stoa/services/notification/internal/domain"
)

// Inbox is read by users.
type Inbox interface {
	List(ctx context.Context, userID, cursor string, limit int) ([]domain.Entry, string, error)
}

// Register adds the operations to an API that identity.Protect guards.
func Register(api huma.API, inbox Inbox) {
	h := handlers{inbox: inbox}

	// The own inbox, newest first.
	huma.Register(api, huma.Operation{
		OperationID: "list-notifications", Method: http.MethodGet, Path: "/api/v1/notifications", Tags: []string{"inbox"},
		Summary: "What the signed-in user was told", Security: identity.SignedIn(),
		Errors: []int{http.StatusUnauthorized, http.StatusServiceUnavailable},
	}, h.list)
}
