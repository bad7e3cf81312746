package handlers

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"stoa/pkg/common/web"
	"stoa/services/auth/internal/domain"
)

// entry is an entry of the audit trail as admins see it.
type entry struct {
	Act       domain.Act `json:"act" doc:"The name of the operation" enum:"sign-up,sign-in,sign-out,reuse-refresh-token,end-session,end-other-sessions,change-password,set-forgotten-password,change-profile,verify-address,mail-code,set-roles,create-api-key,revoke-api-key,delete-account,delete-user,request-my-data,fetch-my-data"`
	AccountID string     `json:"accountId" format:"uuid" doc:"The account that acted"`
	Subject   string     `json:"subject,omitempty" format:"uuid" doc:"The account, session or API key that was changed; absent for the account that acted"`
	Detail    string     `json:"detail,omitempty" doc:"The roles or permissions that were given"`
	Network   string     `json:"network" doc:"The network that the requests came from"`
	Address   string     `json:"address" doc:"The IP address of the last request"`
	UserAgent string     `json:"userAgent" doc:"The user agent of the last request"`
	Count     int        `json:"count" doc:"How many such requests there were within an hour"`
	First     time.Time  `json:"first" doc:"The time of the first request"`
	Last      time.Time  `json:"last" doc:"The time of the last request"`
}

type auditInput struct {
	web.Page
	Account string `query:"account" maxLength:"100" doc:"Return only what this account did, and what was done to it"`
}

func (h *handlers) listAudit(ctx context.Context, in *auditInput) (*private[web.Listing[entry]], error) {
	entries, next, err := h.trail.List(ctx, in.Account, in.Cursor, in.Limit)
	return privately(web.ListingOf(entries, next, func(e domain.Entry) entry { return entry(e) }), err)
}

// refusals are those of one day.
type refusals struct {
	Day      string `json:"day" format:"date" doc:"The day, in UTC"`
	Networks tally  `json:"networks" doc:"The answers 401, 403 and 429, by network"`
	Accounts tally  `json:"accounts" doc:"The wrong passwords for accounts, and what was refused after too many of them, by account"`
}

type tally struct {
	Items  []refusal `json:"items" nullable:"false" doc:"The largest counts first"`
	Others int       `json:"others" doc:"How many requests more were refused: only the largest counts are in items"`
}

type refusal struct {
	Operation string    `json:"operation" doc:"The id of the operation"`
	Status    int       `json:"status" doc:"The status of the answers"`
	Of        string    `json:"of" doc:"The network that the requests came from, or the id of the account"`
	Count     int       `json:"count" doc:"How many requests were refused"`
	First     time.Time `json:"first" doc:"The time of the first request"`
	Last      time.Time `json:"last" doc:"The time of the last request"`
}

func tallyOf(t domain.Tally) tally {
	shown := tally{Items: make([]refusal, len(t.Items)), Others: t.Others}
	for i, r := range t.Items {
		shown.Items[i] = refusal(r)
	}
	return shown
}

type refusalsInput struct {
	Day string `query:"day" format:"date" doc:"The day, in UTC; absent for today"`
}

func (h *handlers) listRefusals(ctx context.Context, in *refusalsInput) (*private[refusals], error) {
	if in.Day == "" {
		in.Day = domain.Today()
	}
	found, err := h.refusals.Day(ctx, in.Day)
	return privately(refusals{Day: in.Day, Networks: tallyOf(found.Networks), Accounts: tallyOf(found.Accounts)}, err)
}

// NoteRefusals is a middleware that counts the refused requests of each operation, by network. Use it before
// identity.Protect, whose refusals count too.
func NoteRefusals(log *domain.RefusalLog) func(ctx huma.Context, next func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		next(ctx)
		switch ctx.Status() {
		case http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests:
			from := Client{Forwarded: ctx.Header("X-Forwarded-For")}.from()
			log.NoteNetwork(ctx.Operation().OperationID, ctx.Status(), from.Network)
		}
	}
}
