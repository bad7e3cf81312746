package handlers_test

import (
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/pkg/messaging"
	"stoa/pkg/sidecar"
	"stoa/services/order/internal/domain"
)

// erase tells the worker that alice has deleted her account.
func (s *shop) erase(t *testing.T) error {
	t.Helper()
	alice := ids.Derive("alice")
	e := must.Get(messaging.New("account.deleted.v1", alice, map[string]any{"id": alice, "at": time.Now().UTC(), "posts": "keep"}))(t)
	return s.worker[e.Type](t.Context(), e)
}

// expectNobody fails the test if the store tells who alice is.
func (s *shop) expectNobody(t *testing.T) {
	t.Helper()
	for _, key := range s.states.Keys(store, "") {
		if value := s.states.Value(store, key); strings.Contains(value, "alice@") || strings.Contains(value, "Alice") {
			t.Errorf("%s still has the customer: %s", key, value)
		}
	}
}

func TestErasure_cancelsWhatIsOpenAndTakesTheCustomerFromAll(t *testing.T) {
	s := newShop(t)
	shipped, confirmed, rejected := s.placed(t, "1").ID, s.placed(t, "2").ID, s.placed(t, "3").ID
	for _, id := range []string{shipped, confirmed} {
		must.Do(t, s.reserve(t, id, apple))
	}
	must.Do(t, s.command(t, "ship", shipped))
	must.Do(t, steps["reject"](t, s, rejected))
	before := len(s.bus.Events())
	for range 2 { // the event comes twice
		must.Do(t, s.erase(t))
	}
	s.expectNobody(t)
	s.expectStatus(t, shipped, domain.Shipped)
	s.expectStatus(t, confirmed, domain.Cancelled)
	s.expectStatus(t, rejected, domain.Rejected)
	record := must.Get(s.orders.Find(t.Context(), shipped))(t)
	if record.Customer.ID != ids.Derive("alice") || len(record.Items) != 1 || record.Total.Amount != 250 {
		t.Errorf("the order lost more than its customer: %+v", record)
	}
	told := map[string]int{}
	for _, e := range s.bus.Events()[before:] {
		told[e.Type]++
		if strings.Contains(string(e.Data), "Alice") {
			t.Errorf("%s has the name: %s", e.Type, e.Data)
		}
	}
	if told["order.anonymised.v1"] != 3 || told["order.cancelled.v1"] != 1 || len(told) != 2 {
		t.Errorf("published: %v", told)
	}
	must.Do(t, s.command(t, "deliver", shipped)) // what is on its way arrives
	s.expectStatus(t, shipped, domain.Delivered)
}

// An order is placed while the account is deleted, and its stock is decided afterwards.
func TestErasure_refusesWhatIsDecidedLater(t *testing.T) {
	for name, decide := range map[string]func(s *shop, id string) error{
		"reserved": func(s *shop, id string) error { return s.reserve(t, id, apple) },
		"rejected": func(s *shop, id string) error { return steps["reject"](t, s, id) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			id := s.placed(t, "").ID
			must.Do(t, s.erase(t))
			must.Do(t, decide(s, id))
			s.expectStatus(t, id, domain.Rejected)
			s.expectNobody(t)
		})
	}
}

// The erasure comes between the note of an order and the decision about it, whichever write is next.
func TestErasure_meetsADecision(t *testing.T) {
	for _, prefix := range []string{"order:", "orders-of:"} {
		t.Run(prefix, func(t *testing.T) {
			s := newShop(t)
			id := s.placed(t, "").ID
			erased := false
			s.states.Before = func(operation, key string) error {
				if operation == "save" && strings.HasPrefix(key, prefix) && !erased {
					erased = true
					return s.erase(t)
				}
				return nil
			}
			must.Do(t, s.reserve(t, id, apple))
			s.states.Before = nil
			if record := must.Get(s.orders.Find(t.Context(), id))(t); record.Status != domain.Cancelled && record.Status != domain.Rejected {
				t.Errorf("the order is %s", record.Status)
			}
			s.expectNobody(t)
		})
	}
}

// Two workers get the event at the same moment, as after a delivery that took too long.
func TestErasure_byTwoWorkers(t *testing.T) {
	s := newShop(t)
	var placed []string
	for n := range 5 {
		placed = append(placed, s.placed(t, strconv.Itoa(n)).ID)
		must.Do(t, s.reserve(t, placed[n], apple))
	}
	var both sync.WaitGroup
	for _, worker := range []*shop{s, s.replica()} {
		both.Go(func() {
			if err := worker.erase(t); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	s.expectNobody(t)
	for _, id := range placed {
		s.expectStatus(t, id, domain.Cancelled)
	}
}

// The worker dies before any of its writes: the broker delivers the event again.
func TestErasure_isFinishedWhateverDies(t *testing.T) {
	must.HaveTime(t)
	for died := 1; ; died++ {
		s := newShop(t)
		for _, key := range []string{"1", "2"} {
			must.Do(t, s.reserve(t, s.placed(t, key).ID, apple))
		}
		writes := 0
		s.states.Before = func(operation, _ string) error {
			if operation != "get" {
				writes++
			}
			if writes >= died {
				return status.Error(codes.Unavailable, "down")
			}
			return nil
		}
		err := s.erase(t)
		s.states.Before = nil
		if err == nil {
			return
		}
		must.Do(t, s.erase(t))
		s.expectNobody(t)
		cancelled := map[string]bool{}
		for _, e := range s.bus.Events() {
			if e.Type == "order.cancelled.v1" {
				cancelled[e.ID] = true
			}
		}
		if len(cancelled) != 2 {
			t.Errorf("after %d writes, %d orders were told to be cancelled", died, len(cancelled))
		}
	}
}

// stored puts so many orders of alice on her list, as they were shipped long ago, and returns their ids.
func (s *shop) stored(t *testing.T, n int) []string {
	t.Helper()
	all := make([]string, n)
	shipped := must.Get(s.orders.Find(t.Context(), s.placed(t, "shipped").ID))(t).Order
	s.states.Drop(store, "order:"+shipped.ID) // only its items and its total are needed
	shipped.Status = domain.Shipped
	for i := range all {
		all[i] = ids.Derive("stored", strconv.Itoa(i))
		order := shipped
		order.ID = all[i]
		must.Do(t, s.orders.AddToList(t.Context(), order, func(*domain.OpenOrders) error { return nil }))
		must.Do(t, s.orders.Create(t.Context(), domain.Record{Order: order}))
	}
	return all
}

// A handler has seven seconds: orders are erased several at once, and what cannot be cancelled is read once more, not twice.
func TestErasure_ofManyOrdersTakesOneRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 300
		s := newShop(t)
		s.stored(t, n)
		var reads atomic.Int64
		s.states.Before = func(operation, key string) error {
			switch {
			case operation == "save":
				time.Sleep(10 * time.Millisecond)
			case strings.HasPrefix(key, "order:"):
				reads.Add(1)
			}
			return nil
		}
		begin := time.Now()
		must.Do(t, s.erase(t))
		if took := time.Since(begin); took > time.Second {
			t.Errorf("it took %s", took)
		}
		if reads.Load() > 2*n {
			t.Errorf("%d orders were read %d times", n, reads.Load())
		}
		s.expectNobody(t)
	})
}

// A replica of an earlier build notes a map of numbers, reads nothing else, and does not undo that the customer has left.
func TestErasure_besideAnEarlierBuild(t *testing.T) {
	s := newShop(t)
	alice, first := ids.Derive("alice"), s.placed(t, "1").ID
	earlier := sidecar.NewNotedLists[domain.Record, map[string]int64](
		sidecar.NewDocuments[domain.Record](sidecar.StatesOnly(s.states), store, "order"), "orders-of")
	must.Do(t, earlier.AddNoting(t.Context(), alice, first, func(noted *map[string]int64) error {
		*noted = map[string]int64{first: 5}
		return nil
	}))
	if open := must.Get(s.orders.Noted(t.Context(), alice))(t); len(open) != 1 || open[first] != 5 {
		t.Errorf("of what it noted, this build reads %v", open)
	}
	must.Do(t, s.reserve(t, first, apple))
	if noted := must.Get(earlier.Note(t.Context(), alice))(t); noted[first] != 1 {
		t.Errorf("of what this build noted, it reads %v", noted)
	}
	second, third := s.placed(t, "2").ID, s.placed(t, "3").ID
	must.Do(t, s.erase(t))
	must.Do(t, earlier.AddNoting(t.Context(), alice, second, func(noted *map[string]int64) error {
		(*noted)[second] = 1
		return nil
	}))
	must.Do(t, s.reserve(t, third, apple))
	s.expectStatus(t, third, domain.Rejected)
}
