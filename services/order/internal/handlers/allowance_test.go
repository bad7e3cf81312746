package handlers_test

import (
	"context"
	"encoding/json"
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
	s.limit = 1000
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

	must.Do(t, s.handle(t, "stock.reserved.v1", first, map[string]any{"items": []map[string]any{{"productId": apple, "quantity": 600}}}))
	s.refuse(t, "", 1)
	must.Do(t, s.command(t, "ship", first))
	third := s.order(t, "", 599)
	s.refuse(t, "", 2)
	must.Do(t, s.command(t, "cancel", third))
	must.Do(t, steps["reject"](t, s, second))
	s.order(t, "", 1000)

	s.place(t, "", `{"items":[{"productId":"APPLE","quantity":1000},{"productId":"PEAR","quantity":1}]}`).
		ExpectProblem(http.StatusUnprocessableEntity, errs.Invalid, "items")
	s.limit = 0
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

// The first attempt is withdrawn but still noted. While the second is under way, another order takes its place.
func TestAllowance_isNotPassedByASecondAttempt(t *testing.T) {
	s := newShop(t)
	s.bus.Before = failOnce("order-placed", nil)
	s.place(t, "key", apples(60)).ExpectProblem(http.StatusServiceUnavailable, errs.Unavailable, "")
	s.states.Before = func(operation, key string) error {
		if operation == "save" {
			s.states.Before = nil
			s.order(t, "another", 100)
		}
		return nil
	}
	s.refuse(t, "key", 60)
	s.expectStored(t, 1)
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
	s := newShop(t)
	for range 70 {
		must.Do(t, steps["reject"](t, s, s.order(t, "", 1)))
	}
	var open domain.OpenOrders
	must.Do(t, json.Unmarshal([]byte(s.states.Value(store, "open-orders-of:"+newCallers()["alice"].ID)), &open))
	if len(open.Orders) > 32 {
		t.Errorf("%d orders are noted", len(open.Orders))
	}
}
