package handlers_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/pkg/messaging"
	"stoa/services/inventory/internal/domain"
)

// shop is a world with products and orders, and checks of what must be true of them.
type shop struct {
	*world
	products []string
	put      map[string]int64 // pieces in stock at the start, by product
	adjusted []domain.Adjustment
	orders   []*testOrder
}

// testOrder is an order and the event that ends it: "order.shipped.v1" waits for its stock, other events come at any
// time, and an order with "" stays as it is.
type testOrder struct {
	id   string
	end  string
	sent bool // the event that ends it is on its way
}

type line struct {
	ProductID string `json:"productId"`
	Quantity  int64  `json:"quantity"`
}

// Several replicas run at once, die at any step, and lose answers: no piece is promised twice, none is lost, and every
// order is decided once.
func TestLedger_addsUpAfterAnyCrashes(t *testing.T) {
	must.HaveTime(t)
	rapid.Check(t, func(rt *rapid.T) {
		s := drawShop(rt)
		for range rapid.IntRange(0, 150).Draw(rt, "steps") {
			s.act(rt)
			s.checkAlways(rt)
		}
		s.mustFinish(rt)
		s.endOrders()
		s.mustFinish(rt)
		s.checkTidy(rt)
		s.sweep(rt)
		s.checkInTheEnd(rt)
	})
}

func drawShop(rt *rapid.T) *shop {
	s := &shop{world: newWorld(rt), put: map[string]int64{}}
	for i := range rapid.IntRange(1, 3).Draw(rt, "products") {
		s.stock(rt, fmt.Sprint(i), rapid.Int64Range(0, 6).Draw(rt, "stock"))
	}
	for i := range rapid.IntRange(1, 4).Draw(rt, "orders") {
		o := &testOrder{id: ids.Derive("order", fmt.Sprint(i))}
		o.end = rapid.SampledFrom([]string{"", cancelled, "order.expired.v1", shipped}).Draw(rt, "end")
		s.orders = append(s.orders, o)
		s.place(o.id, "first", s.drawLines(rt))
		if rapid.IntRange(0, 3).Draw(rt, "placed again") == 0 {
			// The first attempt was given up, and another has the same id. Its lines may differ, and then all that is sure
			// is that the order ends.
			o.end = rejected
			s.place(o.id, "second", s.drawLines(rt))
		}
	}
	return s
}

// stock adds a product with so many pieces.
func (s *shop) stock(t rapid.TB, name string, pieces int64) {
	p := domain.Product{ID: ids.Derive("product", name), SKU: name, Name: name, Stock: pieces}
	must.Get(s.catalogue.Create(context.Background(), p))(t)
	s.products, s.put[p.ID] = append(s.products, p.ID), pieces
}

func (s *shop) drawLines(rt *rapid.T) []line {
	var lines []line
	for _, id := range rapid.Permutation(s.products).Draw(rt, "products of the order") {
		if quantity := rapid.Int64Range(0, 3).Draw(rt, "quantity"); quantity > 0 || len(lines) == 0 {
			lines = append(lines, line{id, max(quantity, 1)})
		}
	}
	return lines
}

func (s *shop) place(orderID, attempt string, lines []line) {
	s.add(event(placed, orderID, map[string]any{"id": orderID, "items": lines, "createdAt": s.now}, attempt))
}

func event(eventType, orderID string, data any, cause ...string) messaging.Event {
	e, err := messaging.New(eventType, orderID, data, cause...)
	if err != nil {
		panic(err)
	}
	return e
}

// acts are what may happen next, some of them more often. Runs that overtake others by far find the most defects.
var acts = []string{
	"start", "start", "start", "step", "step", "step", "rest", "rest", "die", "lose", "end", "end", "adjust", "wait", "miss", "restart",
}

// act lets one thing happen.
func (s *shop) act(rt *rapid.T) {
	switch rapid.SampledFrom(acts).Draw(rt, "act") {
	case "start":
		if waiting := s.waiting(); len(waiting) > 0 && len(s.runs) < 4 {
			r := s.start(rapid.SampledFrom(waiting).Draw(rt, "event"), rapid.IntRange(0, 1).Draw(rt, "replica"))
			r.reading.backwards = rapid.Bool().Draw(rt, "backwards")
		}
	case "step":
		s.withRun(rt, func(r *run) { s.resume(r) })
	case "rest":
		s.withRun(rt, func(r *run) {
			for s.resume(r) {
			}
		})
	case "die":
		s.withRun(rt, s.kill)
	case "lose":
		s.withRun(rt, func(r *run) { r.lose = true })
	case "miss":
		s.withRun(rt, func(r *run) { r.reading.missing = rapid.IntRange(1, 15).Draw(rt, "missing") })
	case "restart":
		s.restart(rapid.IntRange(0, 1).Draw(rt, "replica"))
	case "end":
		s.endOrder(rapid.SampledFrom(s.orders).Draw(rt, "order"))
	case "adjust":
		s.adjust(rapid.SampledFrom(s.products).Draw(rt, "product"), rapid.Int64Range(-3, 3).Draw(rt, "change"))
	case "wait":
		s.now = s.now.Add(2 * time.Minute)
	}
}

func (s *shop) withRun(rt *rapid.T, do func(*run)) {
	if len(s.runs) > 0 {
		do(s.runs[rapid.IntRange(0, len(s.runs)-1).Draw(rt, "run")])
	}
}

// mustFinish runs everything that is under way or waiting to its end.
func (s *shop) mustFinish(t rapid.TB) {
	t.Helper()
	must.Do(t, s.finish())
}

// endOrder sends the event that ends an order, once. An order is shipped only if its stock was reserved.
func (s *shop) endOrder(o *testOrder) {
	shippable := slices.Contains(s.outcomes(o.id), "stock.reserved.v1")
	if o.sent || o.end == "" || o.end == shipped && !shippable {
		return
	}
	o.sent = true
	s.add(event(o.end, o.id, map[string]any{"id": o.id}))
}

func (s *shop) endOrders() {
	for _, o := range s.orders {
		s.endOrder(o)
	}
}

// adjust changes the stock by hand. To remove more than is available is refused, as it should be.
func (s *shop) adjust(productID string, change int64) {
	a := domain.Adjustment{ID: ids.Derive("adjustment", fmt.Sprint(len(s.adjusted))), ProductID: productID, Change: change}
	s.adjusted = append(s.adjusted, a)
	s.add(event(adjust, a.ID, adjustments{s.adjusted[len(s.adjusted)-1:]}))
}

// inStock returns how many pieces of a product were put in stock, and which adjustments are among them.
func (s *shop) inStock(t rapid.TB, p domain.Product) (pieces int64, counted []string) {
	pieces = s.put[p.ID]
	for _, a := range s.adjusted {
		stored := must.Get(s.history.Find(context.Background(), a.ID))(t)
		if a.ProductID == p.ID && (stored.ID == a.ID || p.Latest.ID == a.ID) {
			pieces += a.Change
			counted = append(counted, a.ID)
		}
	}
	return pieces, counted
}

// checkHistory checks that the list has exactly the adjustments that count.
func (s *shop) checkHistory(t rapid.TB, p domain.Product) {
	_, want := s.inStock(t, p)
	listed, _, err := s.byHand.History(context.Background(), p.ID, "", 100)
	var got []string
	for _, a := range listed {
		got = append(got, a.ID)
	}
	slices.Sort(got)
	slices.Sort(want)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("the list of adjustments has %v (%v), want %v", got, err, want)
	}
}

// outcomes returns the types of the events about the stock of an order.
func (s *shop) outcomes(orderID string) []string {
	var types []string
	for _, e := range s.bus.Events() {
		if e.Subject == orderID {
			types = append(types, e.Type)
		}
	}
	return types
}

// sweep lets time pass and orders one piece of every product, which settles all earlier movements.
func (s *shop) sweep(t rapid.TB) {
	s.now = s.now.Add(2 * time.Minute)
	for _, id := range s.products {
		o := &testOrder{id: ids.Derive("sweep", id)}
		s.orders = append(s.orders, o)
		s.place(o.id, "sweep", []line{{id, 1}})
	}
	s.mustFinish(t)
}

// checkAlways checks the totals, which must add up at any moment.
func (s *shop) checkAlways(t rapid.TB) {
	t.Helper()
	held := s.count(t)[domain.Reserved]
	for _, id := range s.products {
		p := must.Get(s.product(id))(t)
		put, _ := s.inStock(t, p)
		if p.Available() < 0 || p.Reserved < held[id] || p.Stock+p.Sold != put {
			t.Fatalf("%d pieces were put in stock, %d are reserved, and now: %s", put, held[id], show(p))
		}
	}
}

// count adds up the pieces that the reservations name, by status and product.
func (s *shop) count(t rapid.TB) map[domain.Status]map[string]int64 {
	t.Helper()
	counts := map[domain.Status]map[string]int64{}
	for _, o := range s.orders {
		r := s.reservation(t, o.id)
		if counts[r.Status] == nil {
			counts[r.Status] = map[string]int64{}
		}
		for _, line := range r.Lines {
			counts[r.Status][line.ProductID] += line.Quantity
		}
	}
	return counts
}

func (s *shop) reservation(t rapid.TB, orderID string) domain.Reservation {
	t.Helper()
	r := must.Get(s.reservations.Find(context.Background(), orderID))(t)
	return r
}

// checkTidy checks that redeliveries resolve the movements of dead runs, where there was a redelivery. Holds that count may
// stay.
func (s *shop) checkTidy(t rapid.TB) {
	for _, id := range s.products {
		p := must.Get(s.product(id))(t)
		if left := slices.DeleteFunc(s.unsettled(t, p), s.orphan); len(left) > 0 {
			t.Errorf("movements are left: %s of %s", show(left), show(p))
		}
	}
}

// checkInTheEnd compares the products with the reservations.
func (s *shop) checkInTheEnd(t rapid.TB) {
	t.Helper()
	s.checkAlways(t)
	for _, o := range s.orders {
		s.checkOrder(t, o, s.reservation(t, o.id))
	}
	counts := s.count(t)
	held, sold := counts[domain.Reserved], counts[domain.Committed]
	for _, id := range s.products {
		p, err := s.product(id)
		earlier := slices.ContainsFunc(p.Movements, func(m domain.Movement) bool { return m.At.Before(s.now) })
		if err != nil || earlier || len(s.unsettled(t, p)) > 0 || p.Reserved != held[id] || p.Sold != sold[id] {
			t.Errorf("want reserved %d, sold %d, nothing under way, got: %s (%v)", held[id], sold[id], show(p), err)
		}
		s.checkHistory(t, p)
	}
}

// checkOrder compares a reservation with the end of its order and with what was published.
func (s *shop) checkOrder(t rapid.TB, o *testOrder, r domain.Reservation) {
	outcomes := slices.Compact(slices.Sorted(slices.Values(s.outcomes(o.id))))
	outcomes = slices.DeleteFunc(outcomes, func(t string) bool { return t == "stock.low.v1" })
	want := map[string][]domain.Status{
		"":                 {domain.Reserved, domain.Rejected},
		shipped:            {domain.Committed, domain.Rejected},
		cancelled:          {domain.Cancelled, domain.Released, domain.Rejected},
		"order.expired.v1": {domain.Cancelled, domain.Released, domain.Rejected},
		rejected:           {domain.Cancelled, domain.Released, domain.Rejected},
	}[o.end]
	if !slices.Contains(want, r.Status) {
		t.Errorf("the end of an order was %q, and its stock is %s", o.end, r.Status)
	}
	if o.end != "" && o.end != shipped {
		return // what was published depends on what came first
	}
	published := "stock.reserved.v1"
	if r.Status == domain.Rejected {
		published = "stock.rejected.v1"
	}
	if !slices.Equal(outcomes, []string{published}) {
		t.Errorf("the stock of an order is %s, and published was %v", r.Status, outcomes)
	}
}
