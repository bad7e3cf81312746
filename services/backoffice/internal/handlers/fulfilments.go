package handlers

import (
	"context"
	"net/http"

	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/services/backoffice/internal/domain"
)

// Page is the part of a list that a request asks for. It is exported because huma ignores embedded types that are not.
type Page struct {
	Cursor string `query:"cursor" doc:"The value of next in the previous page; absent for the first page"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"The largest number of items to return"`
}

type listFulfilmentsInput struct {
	Page
	Status domain.Status `query:"status" enum:"queued,shipped,delivered,cancelled" doc:"Only fulfilments with this status"`
}

type listFulfilmentsOutput struct {
	Body struct {
		Items []domain.Fulfilment `json:"items" doc:"The fulfilments, newest first"`
		Next  string              `json:"next,omitempty" doc:"The cursor of the next page; absent on the last page"`
	}
}

func (h *handlers) listFulfilments(ctx context.Context, in *listFulfilmentsInput) (*listFulfilmentsOutput, error) {
	out := &listFulfilmentsOutput{}
	var err error
	out.Body.Items, out.Body.Next, err = h.fulfilments.List(ctx, in.Status, in.Cursor, in.Limit)
	return out, err
}

type stepInput struct {
	OrderID string `path:"orderId" format:"uuid" doc:"The id of the order"`
	Prefer  string `header:"Prefer" doc:"respond-async: answer at once (RFC 7240)"`
}

type stepOutput struct {
	Status            int
	PreferenceApplied string `header:"Preference-Applied"`
	Body              domain.Fulfilment
}

// step returns the handler that takes a step.
func (h *handlers) step(step domain.Step) func(context.Context, *stepInput) (*stepOutput, error) {
	return func(ctx context.Context, in *stepInput) (*stepOutput, error) {
		wait, applied := h.commandWait, ""
		if web.PrefersAsync(in.Prefer) {
			wait, applied = 0, web.RespondAsync
		}
		fulfilment, err := h.fulfilments.Take(ctx, step, in.OrderID, identity.CallerOf(ctx).ID, wait)
		if err != nil {
			return nil, err
		}
		if fulfilment.Status == step.To {
			return &stepOutput{Status: http.StatusOK, Body: fulfilment}, nil
		}
		return &stepOutput{Status: http.StatusAccepted, PreferenceApplied: applied, Body: fulfilment}, nil
	}
}
