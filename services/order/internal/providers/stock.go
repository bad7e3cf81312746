// Package providers asks inventory for quotes, and publishes events.
package providers

import (
	"context"
	"fmt"

	"google.golang.org/grpc"

	inventoryv1 "stoa/api/proto/inventory/v1"
	"stoa/pkg/common/rpc"
	"stoa/services/order/internal/domain"
)

// Stock implements domain.Quoter by asking inventory.
type Stock struct{ client inventoryv1.StockClient }

// NewStock returns a Stock that asks over a connection to inventory.
func NewStock(conn grpc.ClientConnInterface) *Stock {
	return &Stock{client: inventoryv1.NewStockClient(conn)}
}

// Quote returns the lines with their current names and prices. It fails with errs.Invalid, which names the lines, for
// products that do not exist. Whether they are in stock is decided later, when inventory reserves them.
func (s *Stock) Quote(ctx context.Context, wanted []domain.Wanted) ([]domain.Line, error) {
	request := &inventoryv1.QuoteRequest{}
	for _, w := range wanted {
		request.Lines = append(request.Lines, &inventoryv1.QuoteRequestLine{ProductId: w.ProductID, Quantity: w.Quantity})
	}
	answer, err := s.client.Quote(ctx, request)
	if err != nil {
		return nil, rpc.FromStatus(err) // inventory uses the field names of an order
	}
	if len(answer.GetLines()) != len(wanted) {
		return nil, fmt.Errorf("inventory quoted %d lines instead of %d", len(answer.GetLines()), len(wanted))
	}
	lines := make([]domain.Line, len(wanted))
	for i, quoted := range answer.GetLines() {
		if quoted.GetProductId() != wanted[i].ProductID || quoted.GetUnitPrice() < 0 {
			return nil, fmt.Errorf("inventory quoted product %s at price %d for product %s",
				quoted.GetProductId(), quoted.GetUnitPrice(), wanted[i].ProductID)
		}
		lines[i] = domain.Line{
			ProductID: wanted[i].ProductID, SKU: quoted.GetSku(), Name: quoted.GetName(), Quantity: wanted[i].Quantity,
			UnitPrice: domain.Money{Amount: quoted.GetUnitPrice(), Currency: quoted.GetCurrency()},
		}
	}
	return lines, nil
}
