package handlers_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"stoa/pkg/common/ids"
	"stoa/pkg/messaging"
	"stoa/services/inventory/internal/domain"
)

// shop is a world with products and orders, and what has to be true of it in the end.
type shop struct {
	*world
	products []string
	put      map[string]int64 // pieces ever put in stock, by product
	orders   []*testOrder
}

// testOrder is an order and what becomes of it: "order.shipped.v1" waits for its stock, the other events come at any
// time, and "" is an order that stays as it is.
type testOrder struct {
	id   string
	fate string
	told bool // the event of its fate is on its way
}

type line struct {
	ProductID string `json:"productId"`
	Quantity  int64  `json:"quantity"`
}

// Whatever two replicas and more do at once, wherever they die and whatever answers get lost: nothing is promised twice,
// nothing is lost, and every order is decided once.
func TestStockAddsUpWhateverHappens(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := drawShop(rt)
		for range rapid.IntRange(0, 150).Draw(rt, "steps") {
			s.act(rt)
			s.checkAlways(rt)
		}
		s.mustFinish(rt)
		s.tellFates()
		s.mustFinish(rt)
		s.checkTidy(rt)
		s.sweep(rt)
		s.checkInTheEnd(rt)
	})
}

func drawShop(rt *rapid.T) *shop {
	s := &shop{world: newWorld(rt), put: map[string]int64{}}
	for i := range rapid.IntRange(1, 3).Draw(rt, "products") {
		stock := rapid.Int64Range(0, 6).Draw(rt, "stock")
		p := domain.Product{ID: ids.Derive("product", fmt.Sprint(i)), SKU: fmt.Sprint(i), Name: "P", Stock: stock}
		if _, err := s.catalogue.Create(context.Background(), p); err != nil {
			rt.Fatal(err)
		}
		s.products, s.put[p.ID] = append(s.products, p.ID), stock
	}
	for i := range rapid.IntRange(1, 4).Draw(rt, "orders") {
		o := &testOrder{id: ids.Derive("order", fmt.Sprint(i))}
		o.fate = rapid.SampledFrom([]string{"", cancelled, "order.expired.v1", shipped}).Draw(rt, "fate")
		s.orders = append(s.orders, o)
		s.place(o.id, "first", s.drawLines(rt))
		if rapid.IntRange(0, 3).Draw(rt, "placed again") == 0 {
			// The first attempt was given up, and another one has the same id. It may be about something else, and then
			// no more is sure than that it ends.
			o.fate = rejected
			s.place(o.id, "second", s.drawLines(rt))
		}
	}
	return s
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
	s.add(event(placed, orderID, map[string]any{"id": orderID, "items": lines}, attempt))
}

func event(eventType, orderID string, data any, cause ...string) messaging.Event {
	e, err := messaging.New(eventType, orderID, data, cause...)
	if err != nil {
		panic(err)
	}
	return e
}

// acts are what may happen next, some of it more often. Runs that overtake others by far find the most mistakes.
var acts = []string{
	"start", "start", "start", "step", "step", "step", "rest", "rest", "die", "lose", "fate", "fate", "adjust", "wait",
}

// act lets one thing happen.
func (s *shop) act(rt *rapid.T) {
	switch rapid.SampledFrom(acts).Draw(rt, "act") {
	case "start":
		if waiting := s.waiting(); len(waiting) > 0 && len(s.runs) < 4 {
			s.start(rapid.SampledFrom(waiting).Draw(rt, "event"))
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
	case "fate":
		s.tellFate(rapid.SampledFrom(s.orders).Draw(rt, "order"))
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

// mustFinish runs to the end whatever is under way or waiting.
func (s *shop) mustFinish(t rapid.TB) {
	t.Helper()
	if err := s.finish(); err != nil {
		t.Fatal(err)
	}
}

// tellFate has the order's end told, once; an order is shipped only if its stock was reserved.
func (s *shop) tellFate(o *testOrder) {
	shippable := slices.Contains(s.outcomes(o.id), "stock.reserved.v1")
	if o.told || o.fate == "" || o.fate == shipped && !shippable {
		return
	}
	o.told = true
	s.add(event(o.fate, o.id, map[string]any{"id": o.id}))
}

func (s *shop) tellFates() {
	for _, o := range s.orders {
		s.tellFate(o)
	}
}

// adjust changes the stock by hand; taking out more than is available is refused, and that is right.
func (s *shop) adjust(productID string, change int64) {
	_, err := s.catalogue.Update(context.Background(), productID, func(p *domain.Product) error {
		return p.Adjust(domain.Adjustment{}, change, s.now)
	})
	if err == nil {
		s.put[productID] += change
	}
}

// outcomes returns the types of what was told about the stock of an order.
func (s *shop) outcomes(orderID string) []string {
	var types []string
	for _, e := range s.bus.Events() {
		if e.Subject == orderID {
			types = append(types, e.Type)
		}
	}
	return types
}

// sweep lets time pass and orders one piece of every product: whoever holds a product clears what others left behind.
func (s *shop) sweep(t rapid.TB) {
	s.now = s.now.Add(2 * time.Minute)
	for _, id := range s.products {
		o := &testOrder{id: ids.Derive("sweep", id)}
		s.orders = append(s.orders, o)
		s.place(o.id, "sweep", []line{{id, 1}})
	}
	s.mustFinish(t)
}

// checkAlways holds the totals against what must be true at any moment.
func (s *shop) checkAlways(t rapid.TB) {
	t.Helper()
	held := s.count(t)[domain.Reserved]
	for _, id := range s.products {
		p, err := s.product(id)
		if err != nil {
			t.Fatal(err)
		}
		if p.Available() < 0 || p.Reserved < held[id] || p.Stock+p.Sold != s.put[id] {
			t.Fatalf("%d pieces were put in stock, %d are reserved, and now: %s", s.put[id], held[id], show(p))
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
	r, err := s.reservations.Find(context.Background(), orderID)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// checkTidy sees to it that redeliveries clear away what dead runs left, but for those that were no longer needed.
func (s *shop) checkTidy(t rapid.TB) {
	for _, id := range s.products {
		if p, err := s.product(id); err != nil || len(p.Movements) > 0 && !s.orphaned {
			t.Errorf("movements are left: %s (%v)", show(p), err)
		}
	}
}

// checkInTheEnd holds the products against the reservations.
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
		if err != nil || len(p.Movements) > 0 || p.Reserved != held[id] || p.Sold != sold[id] {
			t.Errorf("want reserved %d, sold %d, nothing under way, got: %s (%v)", held[id], sold[id], show(p), err)
		}
	}
}

// checkOrder holds what was decided about an order against its fate and against what was told.
func (s *shop) checkOrder(t rapid.TB, o *testOrder, r domain.Reservation) {
	outcomes := slices.Compact(slices.Sorted(slices.Values(s.outcomes(o.id))))
	outcomes = slices.DeleteFunc(outcomes, func(t string) bool { return t == "stock.low.v1" })
	want := map[string][]domain.Status{
		"":                 {domain.Reserved, domain.Rejected},
		shipped:            {domain.Committed, domain.Rejected},
		cancelled:          {domain.Cancelled, domain.Released, domain.Rejected},
		"order.expired.v1": {domain.Cancelled, domain.Released, domain.Rejected},
		rejected:           {domain.Cancelled, domain.Released, domain.Rejected},
	}[o.fate]
	if !slices.Contains(want, r.Status) {
		t.Errorf("the fate of an order was %q, and its stock is %s", o.fate, r.Status)
	}
	if o.fate != "" && o.fate != shipped {
		return // what was told depends on what came first
	}
	told := "stock.reserved.v1"
	if r.Status == domain.Rejected {
		told = "stock.rejected.v1"
	}
	if !slices.Equal(outcomes, []string{told}) {
		t.Errorf("the stock of an order is %s, and told was %v", r.Status, outcomes)
	}
}

func show(value any) string {
	raw, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err.Error()
	}
	return string(raw)
}
