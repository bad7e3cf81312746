package handlers

import (
	"context"
	"encoding/json"

	"github.com/danielgtaylor/huma/v2"

	"stoa/pkg/identity"
	"stoa/services/order/internal/domain"
)

type placeInput struct {
	Key  string `header:"Idempotency-Key" minLength:"1" maxLength:"200" pattern:"^[!-~]+$" doc:"Sent again with the same key, the order is not placed again"`
	Body newOrder
}

type newOrder struct {
	Items []newLine `json:"items" minItems:"1" maxItems:"100" nullable:"false" doc:"Each product once"`
}

type newLine struct {
	ProductID string   `json:"productId" format:"uuid" doc:"The product"`
	Quantity  quantity `json:"quantity" minimum:"1" maximum:"1000" doc:"How many pieces"`
}

// quantity reads whatever JSON Schema calls an integer: 2, but 2.0 and 2e0 as well. That it is one, and not too large
// for a float, has been checked against the schema.
type quantity int64

// UnmarshalJSON implements json.Unmarshaler.
func (q *quantity) UnmarshalJSON(raw []byte) error {
	var n float64
	err := json.Unmarshal(raw, &n)
	*q = quantity(n)
	return err
}

// Resolve refuses a key that is there and empty, or there twice: it would be passed over, and with it the promise that
// it is safe to repeat the request.
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
	Location string `header:"Location" doc:"Where the order is"`
	Body     Order
}

func (h *API) place(ctx context.Context, in *placeInput) (*placeOutput, error) {
	caller := identity.CallerOf(ctx)
	wanted := make([]domain.Wanted, len(in.Body.Items))
	for i, line := range in.Body.Items {
		wanted[i] = domain.Wanted{ProductID: line.ProductID, Quantity: int64(line.Quantity)}
	}
	order, err := h.intake.place(ctx, request{
		customer: domain.Customer{ID: caller.ID, Email: caller.Email, Name: caller.Name}, key: in.Key, wanted: wanted,
	})
	if err != nil {
		return nil, err
	}
	return &placeOutput{Location: "/api/v1/orders/" + order.ID, Body: viewOf(order)}, nil
}
