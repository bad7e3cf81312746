package handlers

import (
	"context"
	"net/http"

	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/services/order/internal/domain"
)

type cancelInput struct {
	OrderPath
	Prefer string `header:"Prefer" doc:"respond-async: answer at once (RFC 7240)"`
}

type cancelOutput struct {
	Status            int
	PreferenceApplied string `header:"Preference-Applied"`
	Body              Order
}

func (h *handlers) cancel(ctx context.Context, in *cancelInput) (*cancelOutput, error) {
	wait, applied := h.cancelWait, ""
	if web.PrefersAsync(in.Prefer) {
		wait, applied = 0, web.RespondAsync
	}
	order, err := h.orders.Cancel(ctx, in.ID, identity.CallerOf(ctx).ID, wait)
	if err != nil {
		return nil, err
	}
	if order.Status == domain.Cancelled {
		return &cancelOutput{Status: http.StatusOK, Body: viewOf(order)}, nil
	}
	return &cancelOutput{Status: http.StatusAccepted, PreferenceApplied: applied, Body: viewOf(order)}, nil
}
