package handlers

import (
	"context"
	"net/http"

	"stoa/pkg/common/web"
	"stoa/services/order/internal/domain"
)

type cancelInput struct {
	OrderPath
	Prefer string `header:"Prefer" doc:"respond-async: do not wait until it is done (RFC 7240)"`
}

type cancelOutput struct {
	Status            int
	PreferenceApplied string `header:"Preference-Applied"`
	Body              Order
}

// cancel asks the worker, who alone changes orders, and waits a moment for the outcome.
func (h *API) cancel(ctx context.Context, in *cancelInput) (*cancelOutput, error) {
	order, err := h.visible(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := order.Cancellable(); err != nil {
		return nil, err
	}
	if order.Status == domain.Cancelled {
		return &cancelOutput{Status: http.StatusOK, Body: viewOf(order)}, nil
	}
	if err := h.commands.Cancel(ctx, order); err != nil {
		return nil, err
	}
	if web.PrefersAsync(in.Prefer) {
		return &cancelOutput{Status: http.StatusAccepted, PreferenceApplied: web.RespondAsync, Body: viewOf(order)}, nil
	}
	return h.awaitCancelled(ctx, order)
}

func (h *API) awaitCancelled(ctx context.Context, order domain.Order) (*cancelOutput, error) {
	ctx, stop := context.WithTimeout(ctx, h.cancelWait)
	defer stop()
	for order = range follow(ctx, h.orders, order) {
		if err := order.Cancellable(); err != nil {
			return nil, err
		}
		if order.Status == domain.Cancelled {
			return &cancelOutput{Status: http.StatusOK, Body: viewOf(order)}, nil
		}
	}
	return &cancelOutput{Status: http.StatusAccepted, Body: viewOf(order)}, nil
}
