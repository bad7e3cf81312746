package handlers

import (
	"bytes"
	"context"
	"embed"
	"html/template"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/services/notification/internal/domain"
)

//go:embed unsubscribe.html
var files embed.FS

var endPage = template.Must(template.ParseFS(files, "unsubscribe.html"))

// choices handles requests about what is mailed.
type choices struct{ choices *domain.Choices }

// Mails says when something is mailed.
type Mails struct {
	Orders    string           `json:"orders" enum:"always" doc:"Orders, and what concerns your account"`
	Reviews   domain.Frequency `json:"reviews" enum:"at_once,daily,never" doc:"What becomes of posts that you write or edit"`
	Comments  domain.Frequency `json:"comments" enum:"at_once,daily,never" doc:"Comments on your posts, and in your threads"`
	Following domain.Frequency `json:"following" enum:"at_once,daily,never" doc:"New posts of authors and tags that you follow"`
}

func mailsOf(s domain.Settings) Mails {
	return Mails{Orders: "always", Reviews: s.Of(domain.Reviews), Comments: s.Of(domain.Comments), Following: s.Of(domain.Following)}
}

type (
	changeMailsInput struct {
		Body struct {
			Reviews   domain.Frequency `json:"reviews,omitempty" enum:"at_once,daily,never"`
			Comments  domain.Frequency `json:"comments,omitempty" enum:"at_once,daily,never"`
			Following domain.Frequency `json:"following,omitempty" enum:"at_once,daily,never"`
		}
	}
	mailsOutput struct{ Body Mails }

	endInput struct {
		Code string `query:"code" required:"true" minLength:"1" maxLength:"200" doc:"What the link in the mail has"`
	}
	// endOutput is a page. It works without scripts; its one form goes to where it came from.
	endOutput struct {
		ContentType string `header:"Content-Type"`
		Policy      string `header:"Content-Security-Policy"`
		Body        []byte
	}
)

const (
	pageType   = "text/html; charset=utf-8"
	pagePolicy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

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

func (h choices) get(ctx context.Context, _ *struct{}) (*mailsOutput, error) {
	settings, err := h.choices.Get(ctx, identity.CallerOf(ctx).ID)
	return &mailsOutput{mailsOf(settings)}, err
}

func (h choices) change(ctx context.Context, in *changeMailsInput) (*mailsOutput, error) {
	settings, err := h.choices.Change(ctx, identity.CallerOf(ctx).ID, map[domain.Group]domain.Frequency{
		domain.Reviews: in.Body.Reviews, domain.Comments: in.Body.Comments, domain.Following: in.Body.Following,
	})
	return &mailsOutput{mailsOf(settings)}, err
}

func (h choices) look(ctx context.Context, in *endInput) (*endOutput, error) {
	ending, mailed, err := h.choices.Look(ctx, in.Code)
	return shownEnd(ending, mailed, err)
}

func (h choices) end(ctx context.Context, in *endInput) (*endOutput, error) {
	ending, err := h.choices.End(ctx, in.Code)
	return shownEnd(ending, false, err)
}

// groupWords say what a group is, on the page.
var groupWords = map[domain.Group]string{
	domain.Reviews:   "mails about what becomes of posts that you write or edit",
	domain.Comments:  "mails about comments on your posts and in your threads",
	domain.Following: "mails about new posts of authors and tags that you follow",
	domain.InDigests: "the daily digest",
}

func shownEnd(ending domain.Ending, mailed bool, err error) (*endOutput, error) {
	if err != nil {
		return nil, err
	}
	var body bytes.Buffer
	err = endPage.Execute(&body, struct {
		What   string
		Mailed bool
	}{groupWords[ending.Group], mailed})
	return &endOutput{pageType, pagePolicy, body.Bytes()}, err
}
