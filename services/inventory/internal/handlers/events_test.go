package handlers_test

import (
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/pkg/messaging/messagingtest"
	"stoa/services/inventory/internal/domain"
)

// lowStock is how many available pieces are low stock.
const lowStock = 2

// back is the service's side of events.
type back struct {
	*world
	placedAt time.Time // of all orders
}

func newBack(t *testing.T) back {
	t.Helper()
	w := worldOn(messagingtest.NewPublisher(t, "inventory-worker"))
	return back{w, w.now}
}

func (b back) add(t *testing.T, sku string, stock int64) string {
	t.Helper()
	p := must.Get(b.catalogue.Create(t.Context(), domain.Product{ID: ids.New(), SKU: sku, Name: "Amphora", Stock: stock}))(t)
	return p.ID
}

func (b back) handle(t *testing.T, eventType, orderID string, lines ...line) error {
	t.Helper()
	e := event(eventType, orderID, map[string]any{"id": orderID, "items": lines, "createdAt": b.placedAt})
	return b.replicas[0][eventType](t.Context(), e)
}

func (b back) mustHandle(t *testing.T, eventType, orderID string, lines ...line) {
	t.Helper()
	if err := b.handle(t, eventType, orderID, lines...); err != nil {
		t.Fatalf("%s: %v", eventType, err)
	}
}

// expect compares the totals of a product, on which nothing may be left but holds that count.
func (b back) expect(t *testing.T, id string, stock, reserved, sold int64) {
	t.Helper()
	p := must.Get(b.catalogue.Get(t.Context(), id))(t)
	if p.Stock != stock || p.Reserved != reserved || p.Sold != sold || len(b.unsettled(t, p)) > 0 {
		t.Errorf("want stock %d, reserved %d, sold %d, got %s", stock, reserved, sold, show(p))
	}
}

// published reads the last event into out, and fails if it has another type.
func (b back) published(t *testing.T, eventType string, out any) {
	t.Helper()
	all := b.bus.Events()
	if len(all) == 0 || all[len(all)-1].Type != eventType {
		t.Fatalf("want %s, got %v", eventType, b.bus.Types())
	}
	last := all[len(all)-1]
	must.Do(t, json.Unmarshal(last.Data, out))
	if last.Topic != "stock" {
		t.Errorf("%s went to %s", eventType, last.Topic)
	}
}

func TestLedger_reservesThenCommits(t *testing.T) {
	b, order := newBack(t), ids.New()
	one, two := b.add(t, "1", 10), b.add(t, "2", 10)
	b.mustHandle(t, placed, order, line{two, 3}, line{one, 1})
	var got struct {
		OrderID string
		Items   []line
	}
	b.published(t, "stock.reserved.v1", &got)
	if got.OrderID != order || !slices.Equal(got.Items, []line{{two, 3}, {one, 1}}) {
		t.Errorf("got %+v", got)
	}
	b.expect(t, one, 10, 1, 0)
	b.expect(t, two, 10, 3, 0)
	b.mustHandle(t, shipped, order)
	b.expect(t, one, 9, 0, 1)
	b.expect(t, two, 7, 0, 3)
}

func TestLedger_rejectsAnOrderThatLacksStockForOneLine(t *testing.T) {
	b, order, unknown := newBack(t), ids.New(), ids.New()
	plenty, few := b.add(t, "1", 10), b.add(t, "2", 2)
	b.mustHandle(t, placed, order, line{plenty, 1}, line{few, 3}, line{unknown, 1})
	var got struct {
		Reason    string
		Shortages []struct {
			ProductID            string
			Requested, Available int64
		}
	}
	b.published(t, "stock.rejected.v1", &got)
	if got.Reason != "not enough in stock" || len(got.Shortages) != 2 {
		t.Fatalf("got %+v", got)
	}
	for _, s := range got.Shortages {
		if s.ProductID == few && (s.Requested != 3 || s.Available != 2) || s.ProductID == unknown && s.Available != 0 {
			t.Errorf("got %+v", s)
		}
	}
	b.expect(t, plenty, 10, 0, 0)
	b.expect(t, few, 2, 0, 0)
}

func TestLedger_releasesTheStockOfEndedOrders(t *testing.T) {
	for _, eventType := range []string{cancelled, rejected, "order.expired.v1"} {
		t.Run(eventType, func(t *testing.T) {
			b, order := newBack(t), ids.New()
			p := b.add(t, "1", 10)
			b.mustHandle(t, placed, order, line{p, 4})
			b.expect(t, p, 10, 4, 0)
			b.mustHandle(t, eventType, order)
			b.expect(t, p, 10, 0, 0)
		})
	}
}

func TestLedger_publishesTheSameEventsAgain(t *testing.T) {
	b, order := newBack(t), ids.New()
	p := b.add(t, "1", 10)
	for range 2 {
		b.mustHandle(t, placed, order, line{p, 9}) // leaves one, which is few
	}
	all := b.bus.Events()
	want := []string{"stock.reserved.v1", "stock.low.v1", "stock.reserved.v1", "stock.low.v1"}
	if types := b.bus.Types(); !slices.Equal(types, want) {
		t.Fatalf("got %v", types)
	}
	if all[0].ID != all[2].ID || all[1].ID != all[3].ID {
		t.Error("a second run must publish the same events")
	}
	b.expect(t, p, 10, 9, 0)
}

func TestLedger_publishesLowStockOnce(t *testing.T) {
	b := newBack(t)
	p := b.add(t, "1", 4)
	for i, want := range []bool{false, true, false, false} { // 3, 2, 1, 0 left
		before := len(b.bus.Events())
		b.mustHandle(t, placed, ids.New(), line{p, 1})
		if got := len(b.bus.Events())-before == 2; got != want {
			t.Errorf("order %d: published %v, want %v", i, got, want)
		}
	}
	low := slices.IndexFunc(b.bus.Events(), func(e messagingtest.Published) bool { return e.Type == "stock.low.v1" })
	if topic := b.bus.Events()[low].Topic; topic != "low-stock" {
		t.Errorf("it went to %s", topic)
	}
	want := `{"productId":"` + p + `","sku":"1","name":"Amphora","available":2,"threshold":2}`
	if got := string(b.bus.Events()[low].Data); got != want {
		t.Errorf("got %s", got)
	}
}

func TestEvents_areRefusedIfNotValid(t *testing.T) {
	b, order := newBack(t), ids.New()
	p := b.add(t, "1", 10)
	tests := map[string]struct {
		eventType, order string
		lines            []line
		want             errs.Kind
	}{
		"no order id":           {placed, "", []line{{p, 1}}, errs.Invalid},
		"order id is a path":    {cancelled, "../x", nil, errs.Invalid},
		"no lines":              {placed, order, nil, errs.Invalid},
		"a product twice":       {placed, order, []line{{p, 1}, {p, 1}}, errs.Invalid},
		"no quantity":           {placed, order, []line{{p, 0}}, errs.Invalid},
		"negative quantity":     {placed, order, []line{{p, -5}}, errs.Invalid},
		"shipped, never placed": {shipped, order, nil, errs.NotFound},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := errs.KindOf(b.handle(t, tt.eventType, tt.order, tt.lines...)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	b.expect(t, p, 10, 0, 0)
}

func TestLedger_refusesContradictoryEnds(t *testing.T) {
	b := newBack(t)
	p := b.add(t, "1", 10)
	gone, back := ids.New(), ids.New()
	b.mustHandle(t, placed, gone, line{p, 1})
	b.mustHandle(t, shipped, gone)
	b.mustHandle(t, placed, back, line{p, 2})
	b.mustHandle(t, cancelled, back)
	if err := b.handle(t, cancelled, gone); !errs.Is(err, errs.Conflict) {
		t.Errorf("cancelled after it was shipped: got %v", err)
	}
	if err := b.handle(t, shipped, back); !errs.Is(err, errs.Conflict) {
		t.Errorf("shipped after it was cancelled: got %v", err)
	}
	b.expect(t, p, 9, 0, 1)
}

// A reservation is needed for as long as its order is open, and then only to recognize late events.
func TestReservations_expireWhenTheirOrderHasEnded(t *testing.T) {
	b := newBack(t)
	p := b.add(t, "1", 10)
	for name, tt := range map[string]struct {
		pieces int64
		events []string
		ttl    string
	}{
		"reserved":               {1, []string{placed}, ""},
		"rejected":               {100, []string{placed}, "5184000"},
		"shipped":                {1, []string{placed, shipped}, "5184000"},
		"released":               {1, []string{placed, cancelled}, "5184000"},
		"cancelled before stock": {1, []string{cancelled}, "5184000"},
	} {
		order := ids.New()
		for _, eventType := range tt.events {
			b.mustHandle(t, eventType, order, line{p, tt.pieces})
		}
		if got := b.States.TTL("inventory-store", "reservation:"+order); got != tt.ttl {
			t.Errorf("%s: got a ttl of %q seconds, want %q", name, got, tt.ttl)
		}
	}
}

// After that time, an event that comes again must not reserve stock for an order that has ended.
func TestLedger_reservesNothingForAnOrderOfLongAgo(t *testing.T) {
	b := newBack(t)
	p := b.add(t, "1", 10)
	b.now = b.now.Add(domain.EndedTTL + time.Hour)
	if err := b.handle(t, placed, ids.New(), line{p, 1}); !errs.Is(err, errs.Invalid) {
		t.Errorf("got %v", err)
	}
	b.expect(t, p, 10, 0, 0)
}

// A run died after it held pieces, and until its order was forgotten nobody ordered the product.
func TestLedger_givesBackWhatAForgottenOrderHeld(t *testing.T) {
	b := newBack(t)
	p := b.add(t, "1", 10)
	must.Get(b.catalogue.Update(t.Context(), p, func(p *domain.Product) error {
		p.Begin(domain.Movement{ID: "m", Order: ids.New(), Kind: domain.Hold, Quantity: 4, At: b.now})
		return nil
	}))(t)
	b.mustHandle(t, placed, ids.New(), line{p, 1})
	b.now = b.now.Add(domain.EndedTTL + time.Hour)
	b.placedAt = b.now
	b.mustHandle(t, placed, ids.New(), line{p, 9})
	b.expect(t, p, 10, 10, 0)
}

func TestEvents_waitOutAnOutage(t *testing.T) {
	b, order := newBack(t), ids.New()
	p := b.add(t, "1", 10)
	away := status.Error(codes.Unavailable, "away")
	b.bus.Before = func(string) error { return away }
	if err := b.handle(t, placed, order, line{p, 1}); !errs.Is(err, errs.Unavailable) {
		t.Errorf("broker away: got %v", err)
	}
	b.bus.Before = nil
	b.States.Before = func(string, string) error { return away }
	if err := b.handle(t, placed, order, line{p, 1}); !errs.Is(err, errs.Unavailable) {
		t.Errorf("store away: got %v", err)
	}
	b.States.Before = nil
	b.mustHandle(t, placed, order, line{p, 1})
	b.expect(t, p, 10, 1, 0)
}

func TestLedger_sellsEachPieceOnceToManyBuyers(t *testing.T) {
	const buyers, pieces, replicas = 200, 100, 8
	b := newBack(t)
	p := b.add(t, "1", pieces)
	orders := make(chan string, buyers)
	for range buyers {
		orders <- ids.New()
	}
	close(orders)
	var all sync.WaitGroup
	for range replicas {
		all.Go(func() {
			for order := range orders {
				for errs.Is(b.handle(t, placed, order, line{p, 1}), errs.Unavailable) { // delivered again
				}
			}
		})
	}
	all.Wait()
	got := map[string]int{}
	for _, e := range b.bus.Events() {
		got[e.Type]++
	}
	if got["stock.reserved.v1"] != pieces || got["stock.rejected.v1"] != buyers-pieces || got["stock.low.v1"] != 1 {
		t.Errorf("got %v", got)
	}
	b.expect(t, p, pieces, pieces, 0)
}
