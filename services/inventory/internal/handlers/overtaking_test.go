package handlers_test

import (
	"context"
	"testing"

	"stoa/pkg/common/ids"
	"stoa/pkg/messaging"
	"stoa/services/inventory/internal/domain"
)

// Two runs for one order, in every way in which one can overtake the other twice, and die in between: the first takes
// some steps, the second takes some, the first goes on to its end or dies, the second goes on to its end.
func TestEveryOvertaking(t *testing.T) {
	const placed, cancelled, shipped = "order.placed.v1", "order.cancelled.v1", "order.shipped.v1"
	tests := map[string]struct {
		before        []string
		first, second string
		want          domain.Status
	}{
		"placed twice":         {nil, placed, placed, domain.Reserved},
		"placed late":          {[]string{placed}, placed, placed, domain.Reserved},
		"placed and cancelled": {nil, placed, cancelled, ""}, // either way
		"cancelled, late copy": {[]string{placed}, placed, cancelled, domain.Released},
		"cancelled twice":      {[]string{placed}, cancelled, cancelled, domain.Released},
		"shipped, late copy":   {[]string{placed}, placed, shipped, domain.Committed},
		"shipped twice":        {[]string{placed}, shipped, shipped, domain.Committed},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for _, dies := range []bool{false, true} {
				for steps := 0; overtake(t, tt.before, tt.first, tt.second, steps, dies, tt.want); steps++ {
				}
			}
		})
	}
}

// overtake tries all numbers of steps of the second run for one of the first, and reports whether the first had as many.
func overtake(t *testing.T, before []string, first, second string, steps int, dies bool, want domain.Status) (more bool) {
	for others := 0; ; others++ {
		s := exactShop(t, first, second)
		for _, eventType := range before {
			s.add(s.tell(eventType))
		}
		if err := s.finish(); err != nil {
			t.Fatal(err)
		}
		one, two := &delivery{event: s.tell(first)}, &delivery{event: s.tell(second)}
		if first == second {
			two = one
		}
		s.deliveries = append(s.deliveries, one, two)
		a, b := s.start(one), s.start(two)
		more = s.take(t, a, steps)
		moreOthers := s.take(t, b, others)
		if more && dies {
			s.kill(a)
		}
		if err := s.finish(); err != nil {
			t.Fatal(err)
		}
		s.checkTidy(t)
		s.sweep(t)
		s.checkInTheEnd(t)
		if got := s.reservation(t, s.orders[0].id).Status; want != "" && got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if t.Failed() {
			t.Fatalf("after %d steps of %s (dies: %v) and %d of %s", steps, first, dies, others, second)
		}
		if !moreOthers {
			return more
		}
	}
}

// exactShop has two products with as many pieces as the one order asks for.
func exactShop(t *testing.T, fates ...string) *shop {
	s := &shop{world: newWorld(t), put: map[string]int64{}}
	for i, stock := range []int64{2, 1} {
		p := domain.Product{ID: ids.Derive("product", string(rune('a'+i))), Name: "P", SKU: string(rune('a' + i)), Stock: stock}
		if _, err := s.catalogue.Create(context.Background(), p); err != nil {
			t.Fatal(err)
		}
		s.products, s.put[p.ID] = append(s.products, p.ID), stock
	}
	o := &testOrder{id: ids.Derive("order", "1")}
	for _, fate := range fates {
		if fate != "order.placed.v1" {
			o.fate = fate
		}
	}
	s.orders = []*testOrder{o}
	return s
}

// tell returns an event about the one order.
func (s *shop) tell(eventType string) messaging.Event {
	o := s.orders[0]
	lines := []line{{s.products[0], 2}, {s.products[1], 1}}
	return event(eventType, o.id, map[string]any{"id": o.id, "items": lines})
}

// take lets a run take some steps, and reports whether there are more.
func (s *shop) take(t *testing.T, r *run, steps int) (more bool) {
	for range steps {
		if !s.resume(r) {
			return false
		}
		s.checkAlways(t)
	}
	return true
}
