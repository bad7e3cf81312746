// Package providers asks inventory for quotes, and publishes events.
package providers

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"

	inventoryv1 "stoa/api/proto/inventory/v1"
	"stoa/pkg/common/errs"
	"stoa/pkg/common/recent"
	"stoa/pkg/common/rpc"
	"stoa/services/order/internal/domain"
)

// maxQuotes is how many quotes are remembered, up to twice.
const maxQuotes = 5000

// Stock implements domain.Quoter by asking inventory. It remembers its answers.
type Stock struct {
	client inventoryv1.StockClient
	quotes *recent.Memory[string, quote]
}

// quote is what a product was called and cost when inventory was asked.
type quote struct {
	sku, name string
	price     domain.Money
	at        time.Time
}

func (q quote) line(w domain.Wanted) domain.Line {
	return domain.Line{ProductID: w.ProductID, SKU: q.sku, Name: q.name, Quantity: w.Quantity, UnitPrice: q.price}
}

// NewStock returns a Stock that asks over a connection to inventory.
func NewStock(conn grpc.ClientConnInterface) *Stock {
	return &Stock{client: inventoryv1.NewStockClient(conn), quotes: recent.New[string, quote](maxQuotes)}
}

// Quote returns the lines with their names and prices. It asks for those products that it was not told about less than maxAge
// ago. It fails with errs.Invalid, which names the lines, for products that do not exist. Whether they are in stock is decided
// later, when inventory reserves them.
func (s *Stock) Quote(ctx context.Context, wanted []domain.Wanted, maxAge time.Duration) ([]domain.Line, error) {
	lines := make([]domain.Line, len(wanted))
	var missing []domain.Wanted
	var places []int // of the missing lines
	for i, w := range wanted {
		known, ok := s.quotes.Get(w.ProductID)
		if ok && time.Since(known.at) < maxAge {
			lines[i] = known.line(w)
			continue
		}
		missing, places = append(missing, w), append(places, i)
	}
	if len(missing) == 0 {
		return lines, nil
	}
	quoted, err := s.ask(ctx, missing)
	if errs.Is(err, errs.Invalid) && len(missing) < len(wanted) {
		return s.ask(ctx, wanted) // so that the error has the numbers of the lines in the order
	}
	for i, line := range quoted {
		lines[places[i]] = line
	}
	return lines, err
}

// ask returns the lines with their current names and prices.
func (s *Stock) ask(ctx context.Context, wanted []domain.Wanted) ([]domain.Line, error) {
	asked := time.Now()
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
		q := quote{sku: quoted.GetSku(), name: quoted.GetName(), at: asked,
			price: domain.Money{Amount: quoted.GetUnitPrice(), Currency: quoted.GetCurrency()}}
		s.quotes.Put(wanted[i].ProductID, q)
		lines[i] = q.line(wanted[i])
	}
	return lines, nil
}
