package handlers

import (
	"context"

	"stoa/pkg/common/web"
	"stoa/services/order/internal/domain"
)

type customerInput struct {
	web.Page
	Email   string `query:"email" format:"email" maxLength:"254" doc:"The address that the customer signs in with; upper and lower case are the same"`
	Account string `query:"account" format:"uuid" doc:"The account of the customer, instead of the address"`
}

func (h *handlers) listOfCustomer(ctx context.Context, in *customerInput) (*listOutput, error) {
	records, next, err := h.customers.Orders(ctx, in.Email, in.Account, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return &listOutput{Body: web.ListingOf(records, next, func(r domain.Record) Order { return viewOf(r.Order) })}, nil
}
