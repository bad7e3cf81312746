package handlers_test

import (
	"testing"

	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/pkg/messaging"
	"stoa/services/inventory/internal/domain"
)

const (
	placed    = "order.placed.v1"
	cancelled = "order.cancelled.v1"
	rejected  = "order.rejected.v1"
	shipped   = "order.shipped.v1"
	// placedAgain is order.placed.v1 of another attempt with the same id, and other quantities.
	placedAgain = "placed again"
	// placedTooMuch is order.placed.v1 with more pieces of the second product than there are.
	placedTooMuch = "placed too much"
	// adjustMore is adjust, and then another one.
	adjustMore = "adjust more"
)

// meeting is two runs for one order at the same time.
type meeting struct {
	before        []string
	first, second string
	// end is the event that ends the order, and want the outcome; "" if it depends on which run is first.
	end  string
	want domain.Status
}

var meetings = map[string]meeting{
	"placed twice":         {nil, placed, placed, "", domain.Reserved},
	"placed late":          {[]string{placed}, placed, placed, "", domain.Reserved},
	"placed otherwise":     {nil, placed, placedAgain, rejected, ""},
	"rejected":             {nil, placedTooMuch, placedTooMuch, "", domain.Rejected},
	"rejected, late copy":  {[]string{placedTooMuch}, placedTooMuch, placedTooMuch, "", domain.Rejected},
	"placed and cancelled": {nil, placed, cancelled, cancelled, ""},
	"cancelled, late copy": {[]string{placed}, placed, cancelled, cancelled, domain.Released},
	"cancelled twice":      {[]string{placed}, cancelled, cancelled, cancelled, domain.Released},
	"shipped, late copy":   {[]string{placed}, placed, shipped, shipped, domain.Committed},
	"shipped twice":        {[]string{placed}, shipped, shipped, shipped, domain.Committed},
	"adjusted twice":       {[]string{placed}, adjust, adjust, "", domain.Reserved},
	"adjusted, late copy":  {[]string{placed}, adjust, adjustMore, "", domain.Reserved},
}

// The first takes some steps, then the second takes some, then the first goes on to its end, then the second.
func TestLedger_survivesEveryOvertaking(t *testing.T) {
	must.HaveTime(t)
	everyMeeting(t, func(t *testing.T, m meeting, backwards bool) {
		everyPair(func(steps, others int) (more, moreOthers bool) {
			s, a, b := m.begin(t, backwards)
			more, moreOthers = s.take(t, a, steps), s.take(t, b, others)
			m.check(t, s)
			return more, moreOthers
		})
	})
}

// The first takes some steps, then the second goes to its end, then the first takes some more and dies.
func TestLedger_survivesEveryDeath(t *testing.T) {
	must.HaveTime(t)
	everyMeeting(t, func(t *testing.T, m meeting, backwards bool) {
		everyPair(func(steps, later int) (more, moreLater bool) {
			s, a, b := m.begin(t, backwards)
			more = s.take(t, a, steps)
			for s.resume(b) {
			}
			if moreLater = more && s.take(t, a, later); moreLater {
				s.kill(a)
			}
			m.check(t, s)
			return more, moreLater
		})
	})
}

// The first takes some steps, then the second takes some and dies, then the first goes on to its end.
func TestLedger_survivesEveryDeathInBetween(t *testing.T) {
	must.HaveTime(t)
	everyMeeting(t, func(t *testing.T, m meeting, backwards bool) {
		everyPair(func(steps, others int) (more, moreOthers bool) {
			s, a, b := m.begin(t, backwards)
			more = s.take(t, a, steps)
			if moreOthers = s.take(t, b, others); moreOthers {
				s.kill(b)
			}
			m.check(t, s)
			return more, moreOthers
		})
	})
}

// everyMeeting tries all meetings, with bulk reads that begin with the reservation or end with it.
func everyMeeting(t *testing.T, try func(t *testing.T, m meeting, backwards bool)) {
	for name, m := range meetings {
		t.Run(name, func(t *testing.T) {
			try(t, m, false)
			try(t, m, true)
		})
	}
}

// everyPair tries all numbers of steps of two runs, until they have no more.
func everyPair(try func(steps, others int) (more, moreOthers bool)) {
	for steps, more := 0, true; more; steps++ {
		for others, moreOthers := 0, true; moreOthers; others++ {
			more, moreOthers = try(steps, others)
		}
	}
}

// begin starts the two runs in a shop that has as many pieces as the order asks for.
func (m meeting) begin(t *testing.T, backwards bool) (s *shop, first, second *run) {
	s = &shop{world: newWorld(t), put: map[string]int64{}}
	s.stock(t, "A", 2)
	s.stock(t, "B", 1)
	sent := m.end == m.first || m.end == m.second
	for _, name := range []string{"one", "two"} {
		s.adjusted = append(s.adjusted, domain.Adjustment{ID: name, ProductID: s.products[0], Change: 1})
	}
	s.orders = []*testOrder{{id: ids.Derive("order"), end: m.end, sent: sent}}
	for _, eventType := range m.before {
		s.add(s.about(eventType))
	}
	s.mustFinish(t)
	one := &delivery{event: s.about(m.first)}
	two := one // a second copy of the same event
	if m.second != m.first {
		two = &delivery{event: s.about(m.second)}
	}
	s.deliveries = append(s.deliveries, one, two)
	first, second = s.start(one, 0), s.start(two, 1)
	first.reading.backwards, second.reading.backwards = backwards, backwards
	return s, first, second
}

// check runs everything to its end and checks the outcome.
func (m meeting) check(t *testing.T, s *shop) {
	t.Helper()
	s.mustFinish(t)
	s.endOrders()
	s.mustFinish(t)
	s.checkTidy(t)
	if got := s.reservation(t, s.orders[0].id).Status; m.want != "" && got != m.want {
		t.Errorf("got %s, want %s", got, m.want)
	}
	s.sweep(t)
	s.checkInTheEnd(t)
	if t.Failed() {
		t.FailNow() // thousands of others may fail for the same reason
	}
}

// about returns an event about the order.
func (s *shop) about(eventType string) messaging.Event {
	switch eventType {
	case adjust:
		return event(adjust, "", adjustments{s.adjusted[:1]})
	case adjustMore:
		return event(adjust, "", adjustments{s.adjusted})
	}
	lines := []line{{s.products[0], 2}, {s.products[1], 1}}
	switch eventType {
	case placedAgain:
		eventType, lines = placed, []line{{s.products[0], 1}}
	case placedTooMuch:
		eventType, lines[1].Quantity = placed, 5
	}
	id := s.orders[0].id
	return event(eventType, id, map[string]any{"id": id, "items": lines, "createdAt": s.now}, show(lines))
}

// take lets a run take some steps, and reports whether there are more. It checks the totals after the last step only:
// calls with fewer steps have checked them before.
func (s *shop) take(t *testing.T, r *run, steps int) (more bool) {
	for range steps {
		if !s.resume(r) {
			return false
		}
	}
	s.checkAlways(t)
	return true
}
