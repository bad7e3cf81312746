// Package handlers receives events, sends parked mails on schedule, and answers requests about inboxes.
package handlers

import (
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gorilla/mux"

	"stoa/pkg/common/web"
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

// Schedules adds what the sidecar calls on schedule: a path for each cron binding component, with its name.
func Schedules(router *mux.Router, notifier *domain.Notifier, erasure *domain.Erasure, office Office) {
	// Forget those who leave, and send the mails that are due. After an error the next call does the work.
	router.Path("/mails").Methods(http.MethodPost).HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := errors.Join(erasure.CatchUp(r.Context()), notifier.Retry(r.Context(), noticeOf(office)))
		if err != nil {
			web.WriteError(w, r, err)
		}
	})
}
