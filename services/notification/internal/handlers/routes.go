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

// mails adds what people decide about their mails.
func mails(api huma.API, h choices) {
	tags := []string{"mails"}
	huma.Register(api, huma.Operation{
		OperationID: "get-mail-settings", Method: http.MethodGet, Path: "/api/v1/notifications/settings", Tags: tags,
		Summary: "Show what is mailed to you, and when", Security: identity.SignedIn(),
	}, h.get)
	huma.Register(api, huma.Operation{
		OperationID: "change-mail-settings", Method: http.MethodPatch, Path: "/api/v1/notifications/settings", Tags: tags,
		Summary: "Decide what is mailed to you, and when", Security: identity.SignedIn(),
		Description: "What is left out stays as it is. Your inbox has everything at once. Mails that wait are not sent after `never`.",
	}, h.change)

	// Nobody has to sign in, or to have an API key, to get no more mails. Programs open links in mails: GET changes nothing.
	huma.Register(api, page("look-at-mail-link", http.MethodGet, "Show what the link in a mail ends"), h.look)
	// The form of that page, or the mail program itself (RFC 8058).
	huma.Register(api, page("follow-mail-link", http.MethodPost, "End what the link in a mail ends"), h.end)
}

func page(id, method, summary string) huma.Operation {
	o := huma.Operation{
		OperationID: id, Method: method, Path: domain.EndPath, DefaultStatus: http.StatusOK, Tags: []string{"mails"},
		Summary: summary, Security: web.NoKey(),
		Responses: web.Refusals(map[int]string{
			http.StatusForbidden: "The link is older than 60 days, or was not made by us", http.StatusTooManyRequests: "",
		}),
	}
	document := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
	o.Responses["200"] = &huma.Response{Content: map[string]*huma.MediaType{"text/html": document}}
	return o
}

// Schedules adds what the sidecar calls on schedule: a path for each cron binding component, with its name. erase begins the task that
// forgets those who leave.
func Schedules(
	router *mux.Router, notifier *domain.Notifier, digests *domain.Digests, erase func(context.Context) error, office Office,
) {
	// Forget those who leave, and send the mails that are due: these do not wait for that.
	retry := func(ctx context.Context) error { return notifier.Retry(ctx, noticeOf(office)) }
	web.OnSchedule(router, "mails", erase, retry)
	// Make the digests of the day.
	web.OnSchedule(router, "digests", digests.Make)
}
