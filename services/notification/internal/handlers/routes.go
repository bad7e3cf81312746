// Package handlers receives events, sends parked mails on schedule, and answers requests about inboxes.
package handlers

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gorilla/mux"

	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/services/notification/internal/domain"
)

// Routes adds the operations to an API that identity.Protect guards.
func Routes(api huma.API, inbox domain.Inbox, decided *domain.Choices) {
	h := handlers{inbox: inbox}

	huma.Register(api, huma.Operation{
		OperationID: "list-notifications", Method: http.MethodGet, Path: "/api/v1/notifications", Tags: []string{"inbox"},
		Summary: "List your notifications, newest first", Security: identity.SignedIn(),
	}, h.list)
	mails(api, choices{decided})
}

// Schedules adds what the sidecar calls on schedule: a path for each cron binding component, with its name.
func Schedules(router *mux.Router, notifier *domain.Notifier, digests *domain.Digests, erasure *domain.Erasure, office Office) {
	// Forget those who leave, and send the mails that are due.
	retry := func(ctx context.Context) error { return notifier.Retry(ctx, noticeOf(office)) }
	web.OnSchedule(router, "mails", erasure.CatchUp, retry)
	// Make the digests of the day.
	web.OnSchedule(router, "digests", digests.Make)
}
