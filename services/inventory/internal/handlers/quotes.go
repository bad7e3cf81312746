package handlers

import (
	"context"
	"fmt"

	inventoryv1 "stoa/api/proto/inventory/v1"
	"stoa/pkg/common/errs"
	"stoa/services/inventory/internal/domain"
)

// maxQuoteLines is how many lines one quote may have.
const maxQuoteLines = 100

// Quotes implements inventory.v1.Stock.
type Quotes struct {
	inventoryv1.UnimplementedStockServer
	catalogue domain.BulkReader
}

// NewQuotes returns the service for this catalogue.
func NewQuotes(catalogue domain.BulkReader) *Quotes { return &Quotes{catalogue: catalogue} }

// Quote implements inventory.v1.Stock. Its errors say `items`, as an order calls its lines.
func (q *Quotes) Quote(ctx context.Context, in *inventoryv1.QuoteRequest) (*inventoryv1.QuoteResponse, error) {
	if n := len(in.GetLines()); n == 0 || n > maxQuoteLines {
		return nil, errs.InvalidField("items", "must have 1 to %d lines, not %d", maxQuoteLines, n)
	}
	productIDs := make([]string, len(in.GetLines()))
	for i, line := range in.GetLines() {
		productIDs[i] = line.GetProductId()
	}
	found, err := q.catalogue.GetMany(ctx, productIDs)
	if err != nil {
		return nil, err
	}
	out, wrong := &inventoryv1.QuoteResponse{}, []errs.Field(nil)
	for i, line := range in.GetLines() {
		p, ok := found[line.GetProductId()]
		if !ok {
			wrong = append(wrong, errs.Field{Name: fmt.Sprintf("items[%d].productId", i), Problem: "is not the id of a product"})
		}
		out.Lines = append(out.Lines, quoted(p, line.GetQuantity()))
	}
	return out, errs.InvalidFields(wrong...)
}

func quoted(p domain.Product, quantity int64) *inventoryv1.QuotedLine {
	return &inventoryv1.QuotedLine{
		ProductId: p.ID, Sku: p.SKU, Name: p.Name, Quantity: quantity,
		UnitPrice: p.Price.Amount, Currency: p.Price.Currency, Available: p.Available() >= quantity,
	}
}
