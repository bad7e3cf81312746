package handlers

import (
	"context"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/services/backoffice/internal/domain"
)

type listFulfilmentsInput struct {
	web.Page
	Status domain.Status `query:"status" enum:"queued,shipped,delivered,cancelled" doc:"Only fulfilments with this status"`
}

func (h *handlers) listFulfilments(ctx context.Context, in *listFulfilmentsInput) (*listing[domain.Fulfilment], error) {
	items, next, err := h.fulfilments.List(ctx, in.Status, in.Cursor, in.Limit)
	return &listing[domain.Fulfilment]{web.Listing[domain.Fulfilment]{Items: items, Next: next}}, err
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

// stepAnswers describes the answers to a step besides 200.
func stepAnswers(api huma.API, step, conflict string) map[string]*huma.Response {
	schema := api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[domain.Fulfilment](), true, "Fulfilment")
	return map[string]*huma.Response{
		"202": {
			Description: "The order is not " + step + " yet. The answer is the fulfilment as it is now.",
			Content:     map[string]*huma.MediaType{"application/json": {Schema: schema}},
		},
		"409": {Description: conflict},
	}
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
