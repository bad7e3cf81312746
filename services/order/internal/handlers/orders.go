package handlers

import (
	"context"
	"time"

	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/services/order/internal/domain"
)

// Order is an order as people see it.
type Order struct {
	ID         string        `json:"id" format:"uuid"`
	Status     domain.Status `json:"status" enum:"pending,confirmed,shipped,delivered,rejected,cancelled"`
	CustomerID string        `json:"customerId" doc:"The account that placed the order"`
	Items      []domain.Line `json:"items" nullable:"false"`
	Total      domain.Money  `json:"total"`
	Reason     string        `json:"reason,omitempty" doc:"Why the order was rejected or cancelled"`
	CreatedAt  time.Time     `json:"createdAt"`
	UpdatedAt  time.Time     `json:"updatedAt" doc:"When the order reached its status"`
}

func viewOf(o domain.Order) Order {
	return Order{
		ID: o.ID, Status: o.Status, CustomerID: o.Customer.ID, Items: o.Items, Total: o.Total, Reason: o.Reason,
		CreatedAt: o.CreatedAt, UpdatedAt: o.UpdatedAt,
	}
}

// OrderPath is the input of operations on one order. It is exported because huma ignores embedded types that are not.
type OrderPath struct {
	ID string `path:"id" format:"uuid" doc:"The id of the order"`
}

// orderBody is the answer of operations on one order.
type orderBody struct{ Body Order }

func (h *handlers) get(ctx context.Context, in *OrderPath) (*orderBody, error) {
	order, err := h.orders.Get(ctx, in.ID, viewer(ctx))
	if err != nil {
		return nil, err
	}
	return &orderBody{Body: viewOf(order)}, nil
}

func viewer(ctx context.Context) domain.Viewer {
	caller := identity.CallerOf(ctx)
	return domain.Viewer{ID: caller.ID, Staff: caller.Has(identity.Staff, identity.Admin)}
}

type listOutput struct{ Body web.Listing[Order] }

func (h *handlers) list(ctx context.Context, in *web.Page) (*listOutput, error) {
	records, next, err := h.orders.List(ctx, identity.CallerOf(ctx).ID, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return &listOutput{Body: web.ListingOf(records, next, func(r domain.Record) Order { return viewOf(r.Order) })}, nil
}
