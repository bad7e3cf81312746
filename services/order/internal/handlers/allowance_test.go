package handlers_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	dapr "github.com/dapr/go-sdk/client"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web/webtest"
	"stoa/pkg/sidecar"
	"stoa/pkg/sidecar/sidecartest"
	"stoa/services/order/internal/domain"
	"stoa/services/order/internal/repositories"
)

// apples is the body of an order of so many apples.
func apples(n int) string {
	return strings.Replace(oneApple, `"quantity":1`, fmt.Sprintf(`"quantity":%d`, n), 1)
}

func (s *shop) order(t *testing.T, key string, pieces int) string {
	t.Helper()
	return orderOf(s.place(t, key, apples(pieces)), http.StatusCreated).ID
}

func (s *shop) refuse(t *testing.T, key string, pieces int) {
	t.Helper()
	s.place(t, key, apples(pieces)).ExpectProblem(http.StatusConflict, errs.Conflict, "")
}

// Nothing is paid for orders that are not shipped, so nobody can reserve a whole stock.
func TestAllowance_limitsThePiecesOfOpenOrders(t *testing.T) {
	s := newShop(t)
	s.limit.Store(1000)
	first := s.order(t, "", 600)
	second := s.order(t, "", 400)
	for range 2 {
		s.refuse(t, "", 1)
	}
	s.expectStored(t, 2)
	s.expectPublished(t, "order-placed order.placed.v1", "order-placed order.placed.v1")
	bobs := placing("", apples(1000))
	bobs.Token = "bob"
	orderOf(s.do(t, bobs), http.StatusCreated) // everybody has an allowance

	must.Do(t, s.reservePieces(t, first, apple, 600))
	s.refuse(t, "", 1)
	must.Do(t, s.command(t, "ship", first))
	third := s.order(t, "", 599)
	s.refuse(t, "", 2)
	must.Do(t, s.command(t, "cancel", third))
	must.Do(t, steps["reject"](t, s, second))
	s.order(t, "", 1000)

	s.place(t, "", `{"items":[{"productId":"APPLE","quantity":1000},{"productId":"PEAR","quantity":1}]}`).
		ExpectProblem(http.StatusUnprocessableEntity, errs.Invalid, "items")
	s.limit.Store(0)
	s.order(t, "", 1000)
}

func TestAllowance_limitsOrdersThatArePlacedAtOnce(t *testing.T) {
	s := newShop(t)
	answers := webtest.Together(20, func(int) *webtest.Answer { return s.place(t, "", apples(10)) })
	placed := 0
	for _, answer := range answers {
		if answer.Code == http.StatusCreated {
			placed++
		} else {
			answer.ExpectProblem(http.StatusConflict, errs.Conflict, "")
		}
	}
	if placed != 10 {
		t.Errorf("%d orders of 10 pieces were placed, and 100 pieces are allowed", placed)
	}
	s.expectStored(t, placed)
}

// A request is killed once before and once after each operation, and sent again.
func TestAllowance_countsEachOrderOnceAfterACrashAtEveryPoint(t *testing.T) {
	for point, killed := 0, true; killed; point++ {
		s := newShop(t)
		s.crash(point)
		killed = s.place(t, "key", apples(60)).Code != http.StatusCreated
		s.recover()
		s.order(t, "key", 60)
		s.refuse(t, "", 41)
		s.order(t, "", 40)
		s.order(t, "key", 60)
	}
}

// While an order is being placed, its pieces count.
func TestAdmission_countsOrdersThatAreBeingPlaced(t *testing.T) {
	s := newShop(t)
	s.bus.Before = failOnce("order-placed", func() { s.refuse(t, "another", 41) })
	s.place(t, "key", apples(60)).ExpectProblem(http.StatusServiceUnavailable, errs.Unavailable, "")
	s.order(t, "another", 41) // the first is withdrawn
	s.refuse(t, "key", 60)
	s.expectStored(t, 1)
}

// Other processes have placed orders, or this one has placed them before it was started again.
func TestAdmission_readsWhatIsNotedWhenAnOrderDoesNotFit(t *testing.T) {
	s := newShop(t)
	confirmed, other := s.order(t, "", 50), s.replica()
	must.Do(t, s.reservePieces(t, confirmed, apple, 50))
	second := other.order(t, "", 45)
	other.refuse(t, "", 56) // it knows of 45, and has the confirmed ones read
	other.refuse(t, "", 6)
	other.order(t, "", 5)
	must.Do(t, s.command(t, "ship", confirmed))
	must.Do(t, s.command(t, "cancel", second))
	other.order(t, "", 95)
}

// Several processes of the API have accepted more than fits together: the worker decides.
func TestAllowance_rejectsWhatTheAPICouldNotKnow(t *testing.T) {
	s := newShop(t)
	first, second := s.order(t, "", 60), s.replica().order(t, "", 60)
	must.Do(t, s.reservePieces(t, first, apple, 60))
	for range 2 { // the second time after a crash
		must.Do(t, s.reservePieces(t, second, apple, 60))
	}
	s.expectStatus(t, first, domain.Confirmed)
	order := orderOf(s.do(t, webtest.Request{Path: "/" + second}), http.StatusOK)
	want := "60 pieces of earlier orders are not shipped yet, and at most 100 are allowed: this order has 60"
	if order.Status != domain.Rejected || order.Reason != want {
		t.Errorf("got %s, %q", order.Status, order.Reason)
	}
	s.expectPublished(t, "order-placed order.placed.v1", "order-placed order.placed.v1",
		"order-confirmed order.confirmed.v1", "order-updates order.expired.v1", "order-updates order.rejected.v1")
	if listed := s.list(t, "").Items; len(listed) != 2 || listed[0].ID != second {
		t.Errorf("the list has %v", listed)
	}
	must.Do(t, s.command(t, "ship", first))
	third := s.replica().order(t, "", 100)
	must.Do(t, s.reservePieces(t, third, apple, 100))
	s.expectStatus(t, third, domain.Confirmed)
}

// slipped places so many orders of so many pieces by one customer, each through another process.
func (s *shop) slipped(t *testing.T, orders, pieces int) []string {
	t.Helper()
	ids := make([]string, orders)
	for i := range ids {
		ids[i] = s.replica().order(t, "", pieces)
	}
	return ids
}

// confirmed returns how many of these orders are confirmed, and fails the test unless the others are rejected.
func (s *shop) confirmed(t *testing.T, ids []string) (count int) {
	t.Helper()
	for _, id := range ids {
		switch record := must.Get(s.orders.Find(t.Context(), id))(t); record.Status {
		case domain.Confirmed:
			count++
		case domain.Rejected:
		default:
			t.Errorf("an order is %s", record.Status)
		}
	}
	return count
}

// The worker dies once before and once after each operation, and the event is delivered again.
func TestAllowance_decidesOnceAfterACrashAtEveryPoint(t *testing.T) {
	must.HaveTime(t)
	for point, killed := 0, true; killed; point++ {
		s := newShop(t)
		killed = false
		for _, id := range s.slipped(t, 4, 40) {
			s.crash(point)
			err := s.reservePieces(t, id, apple, 40)
			s.recover()
			if err != nil {
				killed = true
				must.Do(t, s.reservePieces(t, id, apple, 40))
			}
		}
		if got := s.confirmed(t, s.ids()); got != 2 {
			t.Fatalf("killed at point %d: %d orders of 40 pieces are confirmed, want 2 for 100 pieces", point, got)
		}
		if open := must.Get(s.orders.Noted(t.Context(), newCallers()["alice"].ID))(t); len(open) != 2 {
			t.Fatalf("killed at point %d: noted: %v", point, open)
		}
	}
}

// ids are those of all orders that are stored.
func (s *shop) ids() (ids []string) {
	for _, key := range s.states.Keys(store, "order:") {
		ids = append(ids, strings.TrimPrefix(key, "order:"))
	}
	return ids
}

// Before each operation of a worker, another worker handles another order of the customer, or the same one.
func TestAllowance_isDecidedByOneWorkerAtATime(t *testing.T) {
	for _, other := range []int{0, 1} {
		for point, met := 0, true; met; point++ {
			s := newShop(t)
			orders, passed := s.slipped(t, 2, 60), 0
			s.states.Before = func(string, string) error {
				if passed++; passed > point {
					s.states.Before = nil
					must.Do(t, s.replica().reservePieces(t, orders[other], apple, 60))
				}
				return nil
			}
			must.Do(t, s.reservePieces(t, orders[0], apple, 60))
			met, s.states.Before = s.states.Before == nil, nil
			must.Do(t, s.reservePieces(t, orders[1], apple, 60))
			if got := s.confirmed(t, orders); got != 1 {
				t.Errorf("point %d, another worker handles the order %d: %d are confirmed, want 1", point, other, got)
			}
		}
	}
}

func TestAllowance_isNotExceededByManyWorkers(t *testing.T) {
	s := newShop(t)
	orders := s.slipped(t, 12, 30)
	webtest.Together(3*len(orders), func(i int) bool { // each event is delivered three times
		return s.reservePieces(t, orders[i%len(orders)], apple, 30) == nil
	})
	if got := s.confirmed(t, orders); got != 3 {
		t.Errorf("%d orders of 30 pieces are confirmed, want 3 for 100 pieces", got)
	}
}

// breaking is a store that fails in the middle of each bulk read, and reports the rest as missing.
type breaking struct{ *sidecartest.States }

func (b breaking) GetBulkState(ctx context.Context, store string, keys []string, meta map[string]string, parallel int32) ([]*dapr.BulkStateItem, error) {
	items, err := b.States.GetBulkState(ctx, store, keys, meta, parallel)
	return items[:min(1, len(items))], err
}

// An order that is forgotten while it is open would leave its customer room for more.
func TestAllowance_forgetsNoOrderThatABulkReadMissed(t *testing.T) {
	s := newShop(t)
	ids := []string{s.order(t, "", 60), s.order(t, "", 40)}
	orders := repositories.New(sidecar.StatesOnly(breaking{s.states}))
	if open := must.Get(orders.StillOpen(t.Context(), ids))(t); !open[ids[0]] || !open[ids[1]] {
		t.Errorf("of two open orders, these are: %v", open)
	}
}

func TestAllowance_forgetsOrdersThatHaveEnded(t *testing.T) {
	must.HaveTime(t)
	s := newShop(t)
	for range 70 {
		id := s.order(t, "", 1)
		must.Do(t, s.reserve(t, id, apple))
		must.Do(t, s.command(t, "cancel", id))
	}
	if open := must.Get(s.orders.Noted(t.Context(), newCallers()["alice"].ID))(t); len(open) > 32 {
		t.Errorf("%d orders are noted", len(open))
	}
}

func TestAllowance_notesNothingWithoutALimit(t *testing.T) {
	s := newShop(t)
	s.limit.Store(0)
	must.Do(t, s.reserve(t, s.order(t, "", 1), apple))
	if open := must.Get(s.orders.Noted(t.Context(), newCallers()["alice"].ID))(t); len(open) != 0 {
		t.Errorf("noted: %v", open)
	}
}
