package handlers_test

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web/webtest"
	"stoa/pkg/messaging"
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

func TestInternal_namesWhatIsOpenAndWhatIsStored(t *testing.T) {
	s := newShop(t)
	open, over := s.placed(t, "1").ID, s.placed(t, "2").ID
	for _, id := range []string{open, over} {
		must.Do(t, s.reserve(t, id, apple))
	}
	must.Do(t, s.command(t, "ship", over))
	base := "/internal/accounts/" + ids.Derive("alice")
	s.limit.Store(0) // orders are open also while there is no limit
	later := s.placed(t, "3").ID
	must.Do(t, s.reserve(t, later, apple))
	got := webtest.Read[struct{ Orders []string }](s.Do(t, webtest.Request{Path: base + "/orders"}), http.StatusOK)
	if !slices.Equal(got.Orders, slices.Sorted(slices.Values([]string{open, later}))) {
		t.Errorf("got %v, want %s and %s", got.Orders, open, later)
	}
	data := webtest.Read[struct {
		Pieces []struct {
			Kind string
			Data domain.Order
		}
	}](s.Do(t, webtest.Request{Path: base + "/data"}), http.StatusOK)
	if len(data.Pieces) != 3 || data.Pieces[0].Kind != "order" || data.Pieces[0].Data.Customer.Email != "alice@example.com" {
		t.Errorf("got %+v", data)
	}
}
