package handlers

import (
	"context"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/identity"
	"stoa/services/order/internal/domain"
)

// Finder finds orders: errs.NotFound for an id that has none.
type Finder interface {
	Find(ctx context.Context, id string) (domain.Record, error)
}

// Lister pages through a customer's orders, newest first; a next of "" is the end.
type Lister interface {
	List(ctx context.Context, customerID, cursor string, limit int) (orders []domain.Order, next string, err error)
}

// Commander asks the worker to change an order.
type Commander interface {
	Cancel(ctx context.Context, order domain.Order) error
}

// API answers people.
type API struct {
	intake     *Intake
	orders     Finder
	lists      Lister
	commands   Commander
	cancelWait time.Duration
	streams    slots
}

// NewAPI returns an API that lets a person wait for up to cancelWait until the order is seen to be cancelled.
func NewAPI(intake *Intake, orders Finder, lists Lister, commands Commander, cancelWait time.Duration) *API {
	return &API{intake: intake, orders: orders, lists: lists, commands: commands, cancelWait: cancelWait}
}

// OrderPath is the input of operations on one order. It is exported because huma passes over embedded fields of types
// that are not.
type OrderPath struct {
	ID string `path:"id" doc:"The order's id"`
}

// orderBody is the answer of operations on one order.
type orderBody struct{ Body Order }

func (h *API) get(ctx context.Context, in *OrderPath) (*orderBody, error) {
	order, err := h.visible(ctx, in.ID, identity.Staff, identity.Admin)
	if err != nil {
		return nil, err
	}
	return &orderBody{Body: viewOf(order)}, nil
}

// visible returns an order that is the caller's own, or any if the caller holds one of these roles. Nobody can tell
// another's order from one that does not exist.
func (h *API) visible(ctx context.Context, id string, roles ...identity.Role) (domain.Order, error) {
	caller := identity.CallerOf(ctx)
	record, err := h.orders.Find(ctx, id)
	if err != nil && !errs.Is(err, errs.NotFound) {
		return domain.Order{}, err
	}
	mine := err == nil && record.Customer.ID == caller.ID
	if err != nil || record.Status == domain.Expired || !mine && !caller.Has(roles...) {
		return domain.Order{}, errs.New(errs.NotFound, "there is no such order")
	}
	return record.Order, nil
}

type listInput struct {
	Cursor string `query:"cursor" doc:"Where to go on: the next of the page before"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"How many at most"`
}

type orderPage struct {
	Items []Order `json:"items" nullable:"false"`
	Next  string  `json:"next,omitempty" doc:"The cursor of the next page; absent on the last"`
}

type listOutput struct{ Body orderPage }

func (h *API) list(ctx context.Context, in *listInput) (*listOutput, error) {
	orders, next, err := h.lists.List(ctx, identity.CallerOf(ctx).ID, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	page := orderPage{Items: make([]Order, len(orders)), Next: next}
	for i, order := range orders {
		page.Items[i] = viewOf(order)
	}
	return &listOutput{Body: page}, nil
}
