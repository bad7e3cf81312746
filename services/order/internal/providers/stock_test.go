package providers

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	inventoryv1 "stoa/api/proto/inventory/v1"
	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/common/rpc"
	"stoa/services/order/internal/domain"
)

// inventory answers every call with the same quote or error, and remembers what it was asked.
type inventory struct {
	asked *inventoryv1.QuoteRequest
	quote []*inventoryv1.QuotedLine
	err   error
}

func (i *inventory) Invoke(_ context.Context, _ string, args, reply any, _ ...grpc.CallOption) error {
	i.asked, _ = args.(*inventoryv1.QuoteRequest)
	if i.err == nil {
		proto.Merge(reply.(proto.Message), &inventoryv1.QuoteResponse{Lines: i.quote})
	}
	return i.err
}

func (i *inventory) NewStream(context.Context, *grpc.StreamDesc, string, ...grpc.CallOption) (grpc.ClientStream, error) {
	return nil, errors.New("there are no streams here")
}

var wanted = []domain.Wanted{{ProductID: "a", Quantity: 2}, {ProductID: "b", Quantity: 1}}

func TestStock_quotesLines(t *testing.T) {
	i := &inventory{quote: []*inventoryv1.QuotedLine{
		{ProductId: "a", Sku: "A-1", Name: "Apple", Quantity: 2, UnitPrice: 250, Currency: "EUR", Available: true},
		{ProductId: "b", Sku: "B-1", Name: "Pear", Quantity: 1, UnitPrice: 100, Currency: "EUR"},
	}}
	got, err := NewStock(i).Quote(t.Context(), wanted, 0)
	want := []domain.Line{
		{ProductID: "a", SKU: "A-1", Name: "Apple", Quantity: 2, UnitPrice: domain.Money{Amount: 250, Currency: "EUR"}},
		{ProductID: "b", SKU: "B-1", Name: "Pear", Quantity: 1, UnitPrice: domain.Money{Amount: 100, Currency: "EUR"}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if asked := i.asked.GetLines(); len(asked) != 2 || asked[0].GetProductId() != "a" || asked[0].GetQuantity() != 2 {
		t.Errorf("asked for %v", asked)
	}
}

// What was quoted a moment ago is not asked for again; products that are missing among it are.
func TestStock_remembersQuotes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := &inventory{quote: []*inventoryv1.QuotedLine{{ProductId: "a", Name: "Apple", UnitPrice: 250, Currency: "EUR"}}}
		s := NewStock(i)
		quote := func(maxAge time.Duration, want int64, asked int, wanted ...domain.Wanted) {
			t.Helper()
			i.asked = nil
			lines := must.Get(s.Quote(t.Context(), wanted, maxAge))(t)
			if len(i.asked.GetLines()) != asked {
				t.Errorf("asked for %v, want %d lines", i.asked, asked)
			}
			for n, line := range lines {
				if line.ProductID != wanted[n].ProductID || line.Quantity != wanted[n].Quantity || line.UnitPrice.Amount != want {
					t.Errorf("got %+v for %+v, want it at %d", line, wanted[n], want)
				}
			}
		}
		apple, pear := domain.Wanted{ProductID: "a", Quantity: 2}, domain.Wanted{ProductID: "b", Quantity: 3}
		quote(time.Second, 250, 1, apple)
		i.quote[0].UnitPrice = 300
		time.Sleep(time.Second - time.Nanosecond)
		apple.Quantity = 7
		quote(time.Second, 250, 0, apple)
		time.Sleep(time.Nanosecond)
		quote(time.Second, 300, 1, apple)
		i.quote[0].UnitPrice = 400
		quote(0, 400, 1, apple) // and that is remembered
		i.quote = []*inventoryv1.QuotedLine{{ProductId: "b", Name: "Pear", UnitPrice: 400, Currency: "EUR"}}
		quote(time.Second, 400, 1, apple, pear)
		quote(time.Second, 400, 0, pear, apple)
	})
}

// Inventory numbers the lines that it is asked for; an order numbers all of its lines.
func TestStock_namesTheLinesOfTheOrder(t *testing.T) {
	i := &inventory{quote: []*inventoryv1.QuotedLine{{ProductId: "a", UnitPrice: 250, Currency: "EUR"}}}
	s := NewStock(i)
	must.Get(s.Quote(t.Context(), wanted[:1], 0))(t)
	i.err = rpc.ToStatus(errs.InvalidField("items[1].productId", "is not a product"))
	if _, err := s.Quote(t.Context(), wanted, time.Minute); !errs.Is(err, errs.Invalid) || len(i.asked.GetLines()) != 2 {
		t.Errorf("got %v after asking for %v, want both lines to be asked for", err, i.asked)
	}
	i.err = status.Error(codes.Unavailable, "connection refused")
	if _, err := s.Quote(t.Context(), wanted, time.Minute); !errs.Is(err, errs.Unavailable) || len(i.asked.GetLines()) != 1 {
		t.Errorf("got %v after asking for %v, want one line to be asked for", err, i.asked)
	}
}

func TestStock_refusesBadQuotes(t *testing.T) {
	line := func(id string, price int64) *inventoryv1.QuotedLine {
		return &inventoryv1.QuotedLine{ProductId: id, UnitPrice: price, Currency: "EUR"}
	}
	tests := map[string]struct {
		inventory inventory
		want      errs.Kind
		fields    int
	}{
		"down":              {inventory{err: status.Error(codes.Unavailable, "connection refused")}, errs.Unavailable, 0},
		"unknown product":   {inventory{err: rpc.ToStatus(errs.InvalidField("items[1].productId", "is not a product"))}, errs.Invalid, 1},
		"a line is missing": {inventory{quote: []*inventoryv1.QuotedLine{line("a", 1)}}, errs.Internal, 0},
		"another product":   {inventory{quote: []*inventoryv1.QuotedLine{line("a", 1), line("c", 1)}}, errs.Internal, 0},
		"negative price":    {inventory{quote: []*inventoryv1.QuotedLine{line("a", 1), line("b", -1)}}, errs.Internal, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := NewStock(&tt.inventory).Quote(t.Context(), wanted, 0)
			if errs.KindOf(err) != tt.want || len(errs.From(err).Fields) != tt.fields {
				t.Errorf("got %v, want %s and the fields at fault", err, tt.want)
			}
		})
	}
}
