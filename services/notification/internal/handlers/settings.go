package handlers

import (
	"bytes"
	"context"
	"embed"
	"html/template"

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
