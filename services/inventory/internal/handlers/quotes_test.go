package handlers_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	inventoryv1 "stoa/api/proto/inventory/v1"
	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/services/inventory/internal/handlers"
)

func ask(lines ...line) *inventoryv1.QuoteRequest {
	in := &inventoryv1.QuoteRequest{}
	for _, l := range lines {
		in.Lines = append(in.Lines, &inventoryv1.QuoteRequestLine{ProductId: l.ProductID, Quantity: l.Quantity})
	}
	return in
}

func TestQuotes_answerLineByLine(t *testing.T) {
	f := newFront()
	one, two := f.add(t, "ONE", "5").ID, f.add(t, "TWO", "5").ID
	out := must.Get(handlers.NewQuotes(f.catalogue).Quote(t.Context(), ask(line{two, 6}, line{one, 5})))(t)
	want := &inventoryv1.QuoteResponse{Lines: []*inventoryv1.QuotedLine{
		{ProductId: two, Sku: "TWO", Name: "Amphora", Quantity: 6, UnitPrice: 1250, Currency: "EUR"},
		{ProductId: one, Sku: "ONE", Name: "Amphora", Quantity: 5, UnitPrice: 1250, Currency: "EUR", Available: true},
	}}
	if !proto.Equal(out, want) {
		t.Errorf("got %v, want %v", out, want)
	}
}

func TestQuotes_nameTheLinesAtFault(t *testing.T) {
	f := newFront()
	known, gone := f.add(t, "ONE", "5").ID, f.add(t, "TWO", "5").ID
	f.do(t, request{method: "DELETE", path: "/products/" + gone, as: "staff"}).Expect(204)
	many := make([]line, 101)
	tests := map[string]struct {
		lines []line
		want  []string
	}{
		"unknown and removed": {[]line{{ids.New(), 1}, {known, 1}, {gone, 1}}, []string{"items[0].productId", "items[2].productId"}},
		"malformed id":        {[]line{{known, 1}, {"../etc", 1}}, []string{"items[1].productId"}},
		"no lines":            {nil, []string{"items"}},
		"too many lines":      {many, []string{"items"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := handlers.NewQuotes(f.catalogue).Quote(t.Context(), ask(tt.lines...))
			if !errs.Is(err, errs.Invalid) {
				t.Fatalf("got %v", err)
			}
			var got []string
			for _, field := range errs.From(err).Fields {
				got = append(got, field.Name)
			}
			if len(got) != len(tt.want) || got[0] != tt.want[0] || got[len(got)-1] != tt.want[len(tt.want)-1] {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
