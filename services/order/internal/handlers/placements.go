package handlers

import (
	"context"
	"encoding/json"

	"github.com/danielgtaylor/huma/v2"

	"stoa/pkg/identity"
	"stoa/services/order/internal/domain"
)

type placeInput struct {
	Key  string `header:"Idempotency-Key" minLength:"1" maxLength:"200" pattern:"^[!-~]+$" doc:"Repeat a request with the same key, and the order is placed only once"`
	Body newOrder
}

type newOrder struct {
	Items []newLine `json:"items" minItems:"1" maxItems:"100" nullable:"false" doc:"One line for each product"`
}

type newLine struct {
	ProductID string   `json:"productId" format:"uuid" doc:"The product"`
	Quantity  quantity `json:"quantity" minimum:"1" maximum:"1000" doc:"The number of pieces"`
}

// quantity reads everything that JSON Schema calls an integer: 2, but also 2.0 and 2e0. The schema has checked that it is
// one and that a float can carry it.
type quantity int64

// UnmarshalJSON implements json.Unmarshaler.
func (q *quantity) UnmarshalJSON(raw []byte) error {
	var n float64
	err := json.Unmarshal(raw, &n)
	*q = quantity(n)
	return err
}

// Resolve refuses an empty key and a second key: huma would ignore them, and repeating the request would not be safe.
func (in *placeInput) Resolve(ctx huma.Context) []error {
	given := 0
	ctx.EachHeader(func(name, value string) {
		if name == "Idempotency-Key" {
			given++
		}
	})
	if given == 0 || given == 1 && in.Key != "" {
		return nil
	}
	return []error{&huma.ErrorDetail{Location: "header.Idempotency-Key", Message: "must be one key of 1 to 200 characters"}}
}

type placeOutput struct {
	Location string `header:"Location" doc:"The path of the order"`
	Body     Order
}

func (h *handlers) place(ctx context.Context, in *placeInput) (*placeOutput, error) {
	caller := identity.CallerOf(ctx)
	wanted := make([]domain.Wanted, len(in.Body.Items))
	for i, line := range in.Body.Items {
		wanted[i] = domain.Wanted{ProductID: line.ProductID, Quantity: int64(line.Quantity)}
	}
	order, err := h.placement.Place(ctx, domain.Request{
		Customer: domain.Customer{ID: caller.ID, Email: caller.Email, Name: caller.Name}, Key: in.Key, Wanted: wanted,
	})
	if err != nil {
		return nil, err
	}
	return &placeOutput{Location: "/api/v1/orders/" + order.ID, Body: viewOf(order)}, nil
}
