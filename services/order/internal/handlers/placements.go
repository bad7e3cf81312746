package handlers

import (
	"context"

	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/services/order/internal/domain"
)

type placeInput struct {
	web.Idempotency
	Body newOrder
}

type newOrder struct {
	Items []newLine `json:"items" minItems:"1" maxItems:"100" nullable:"false" doc:"One line for each product"`
}

type newLine struct {
	ProductID string `json:"productId" format:"uuid" doc:"The product"`
	Quantity  int64  `json:"quantity" minimum:"1" maximum:"1000" doc:"The number of pieces"`
	UnitPrice *price `json:"unitPrice,omitempty" doc:"The price of one piece that the customer was shown"`
}

// price is a price as the catalogue shows it.
type price struct {
	Amount   int64  `json:"amount" minimum:"0" maximum:"1000000000" doc:"Minor units of the currency, such as cents"`
	Currency string `json:"currency" pattern:"^[A-Z]{3}$" patternDescription:"three capital letters (ISO 4217)" doc:"ISO 4217"`
}

type placeOutput struct {
	Location string `header:"Location" doc:"The path of the order"`
	Body     Order
}

func (h *handlers) place(ctx context.Context, in *placeInput) (*placeOutput, error) {
	caller := identity.CallerOf(ctx)
	wanted := make([]domain.Wanted, len(in.Body.Items))
	for i, line := range in.Body.Items {
		wanted[i] = domain.Wanted{ProductID: line.ProductID, Quantity: line.Quantity}
		if shown := line.UnitPrice; shown != nil {
			wanted[i].UnitPrice = domain.Money{Amount: shown.Amount, Currency: shown.Currency}
		}
	}
	order, err := h.placement.Place(ctx, domain.Request{
		Customer: domain.Customer{ID: caller.ID, Email: caller.Email, Name: caller.Name}, Key: in.Key, Wanted: wanted,
	})
	if err != nil {
		return nil, err
	}
	return &placeOutput{Location: "/api/v1/orders/" + order.ID, Body: viewOf(order)}, nil
}
