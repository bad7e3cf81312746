package handlers_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	dapr "github.com/dapr/go-sdk/client"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	inventoryv1 "stoa/api/proto/inventory/v1"
	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/sidecar/sidecartest"
	"stoa/services/order/internal/providers"
)

// calls are a sidecar that counts calls by name.
type calls struct {
	*sidecartest.States
	count map[string]int
}

func (c *calls) GetState(ctx context.Context, store, key string, meta map[string]string) (*dapr.StateItem, error) {
	c.count["get"]++
	return c.States.GetState(ctx, store, key, meta)
}

func (c *calls) GetBulkState(ctx context.Context, store string, keys []string, meta map[string]string, parallel int32) ([]*dapr.BulkStateItem, error) {
	c.count["bulk get"]++
	return c.States.GetBulkState(ctx, store, keys, meta, parallel)
}

func (c *calls) SaveBulkState(ctx context.Context, store string, items ...*dapr.SetStateItem) error {
	c.count["save"]++
	return c.States.SaveBulkState(ctx, store, items...)
}

func (c *calls) DeleteStateWithETag(ctx context.Context, store, key string, etag *dapr.ETag, meta map[string]string, opts *dapr.StateOptions) error {
	c.count["delete"]++
	return c.States.DeleteStateWithETag(ctx, store, key, etag, meta, opts)
}

// Invoke is a call of inventory, whose products all have the same price.
func (c *calls) Invoke(_ context.Context, _ string, args, reply any, _ ...grpc.CallOption) error {
	c.count["quote"]++
	answer := &inventoryv1.QuoteResponse{}
	for _, line := range args.(*inventoryv1.QuoteRequest).GetLines() {
		answer.Lines = append(answer.Lines, &inventoryv1.QuotedLine{
			ProductId: line.GetProductId(), Sku: "SKU", Name: "Fruit", Quantity: line.GetQuantity(), UnitPrice: 250, Currency: "EUR",
		})
	}
	proto.Merge(reply.(proto.Message), answer)
	return nil
}

func (c *calls) NewStream(context.Context, *grpc.StreamDesc, string, ...grpc.CallOption) (grpc.ClientStream, error) {
	return nil, errors.New("there are no streams here")
}

// newCountedShop returns a shop whose calls are counted.
func newCountedShop(t *testing.T) (*shop, *calls) {
	with := newShop(t)
	c := &calls{with.states, map[string]int{}}
	with.bus.Before = func(string) error { c.count["publish"]++; return nil }
	return with.shared.open(c, providers.NewStock(c), 0), c
}

// expect fails the test unless do makes these calls, such as "2 get, 1 save".
func (c *calls) expect(t *testing.T, step, want string, do func()) {
	t.Helper()
	clear(c.count)
	do()
	var made []string
	for _, name := range slices.Sorted(maps.Keys(c.count)) {
		made = append(made, fmt.Sprint(c.count[name], " ", name))
	}
	if got := strings.Join(made, ", "); got != want {
		t.Errorf("%s: %s, want %s", step, cmp.Or(got, "nothing"), want)
	}
}

// What a placement costs. Each call costs about as much as all that order-api does by itself.
func TestCalls_ofAPlacement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := newCountedShop(t)
		place := func(key, body string, status int) func() {
			return func() { s.place(t, key, body).Expect(status) }
		}
		c.expect(t, "the first order of a product", "1 publish, 1 quote, 1 save", place("", oneApple, http.StatusCreated))
		c.expect(t, "an order", "1 publish, 1 save", place("a", oneApple, http.StatusCreated))
		c.expect(t, "an order with another product", "1 publish, 1 quote, 1 save",
			place("b", strings.Replace(oneApple, "]", `,{"productId":"PEAR","quantity":9}]`, 1), http.StatusCreated))
		time.Sleep(900 * time.Millisecond)
		c.expect(t, "an order within a second", "1 publish, 1 save", place("", onePear, http.StatusCreated))
		time.Sleep(100 * time.Millisecond)
		c.expect(t, "an order after a second", "1 publish, 1 quote, 1 save", place("", onePear, http.StatusCreated))
	})
}

func TestCalls_ofRepeatedAndRefusedRequests(t *testing.T) {
	s, c := newCountedShop(t)
	s.placed(t, "key")
	order := s.placed(t, "")
	c.expect(t, "repeated while it is pending", "3 get, 1 publish, 2 save", func() { s.placed(t, "key") })
	c.expect(t, "repeated again", "2 get, 1 save", func() { s.placed(t, "key") })
	c.expect(t, "the key of another order", "2 get, 1 save", func() {
		s.place(t, "key", apples(2)).ExpectProblem(http.StatusUnprocessableEntity, errs.KeyReused, "")
	})
	c.expect(t, "too many pieces", "1 bulk get, 1 get", func() { s.refuse(t, "", 99) })
	c.expect(t, "too many pieces, with a key", "1 bulk get, 2 get", func() { s.refuse(t, "other", 99) })
	c.expect(t, "too many in any case", "", func() { s.place(t, "", apples(101)).Expect(http.StatusUnprocessableEntity) })
	c.expect(t, "shown", "1 get", func() { s.do(t, cancelling(order.ID, "bob", "")).Expect(http.StatusNotFound) })
}

// Besides these calls, each event or command is delivered by one.
func TestCalls_ofTheWorker(t *testing.T) {
	s, c := newCountedShop(t)
	step := func(name, id string) func() { return func() { must.Do(t, steps[name](t, s, id)) } }
	order := s.order(t, "", 1)
	c.expect(t, "reserved", "2 get, 1 publish, 2 save", step("reserve", order))
	c.expect(t, "reserved, delivered again", "1 get, 1 publish", step("reserve", order))
	c.expect(t, "shipped", "1 get, 1 publish, 1 save", step("ship", order))
	c.expect(t, "delivered", "1 get, 1 publish, 1 save", step("deliver", order))
	c.expect(t, "rejected", "2 get, 1 publish, 2 save", step("reject", s.order(t, "", 1)))
	c.expect(t, "cancelled", "2 get, 1 publish, 2 save", step("cancel", s.order(t, "", 1)))
	order = s.order(t, "", 1)
	must.Do(t, s.reserve(t, order, apple))
	c.expect(t, "cancelled after it was confirmed", "1 get, 1 publish, 1 save", step("cancel", order))

	open := s.replica().order(t, "", 60)
	must.Do(t, s.reservePieces(t, open, apple, 60))
	tooMany := s.replica().order(t, "", 60)
	c.expect(t, "too many pieces", "1 bulk get, 2 get, 2 publish, 2 save", func() {
		must.Do(t, s.reservePieces(t, tooMany, apple, 60))
	})
	c.expect(t, "of an order that does not exist", "1 get, 1 publish, 1 save", step("reserve", apple))
}

// What is remembered about a customer stays small: it is read every now and then which orders have ended.
func TestCalls_areFewHoweverManyOrdersACustomerPlaces(t *testing.T) {
	must.HaveTime(t)
	s, c := newCountedShop(t)
	s.limit.Store(1000)
	const orders = 320
	for range orders {
		id := s.order(t, "", 1)
		must.Do(t, s.reserve(t, id, apple))
		must.Do(t, s.command(t, "ship", id))
	}
	total := 0
	for _, n := range c.count {
		total += n
	}
	if each := float64(total) / orders; each > 2+5+3+0.15 {
		t.Errorf("%.2f calls for an order that is placed, reserved and shipped, want hardly more than 10: %v", each, c.count)
	}
}
