package handlers_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web"
	"stoa/pkg/common/web/webtest"
	"stoa/services/order/internal/domain"
)

// shown is the body of an order of a pear and an apple, for which the customer was shown this price.
func shown(price string) string {
	return fmt.Sprintf(`{"items":[{"productId":"PEAR","quantity":1},{"productId":"APPLE","quantity":1,"unitPrice":%s}]}`, price)
}

const (
	oldPrice = `{"amount":250,"currency":"EUR"}`
	newPrice = `{"amount":300,"currency":"EUR"}`
)

// An order is placed at the price that the customer was shown, or not at all.
func TestPlace_refusesAnotherPriceThanTheCustomerWasShown(t *testing.T) {
	s := newShop(t)
	for price, want := range map[string]string{
		newPrice:                          `is now {"amount":250,"currency":"EUR"}`,
		`{"amount":250,"currency":"USD"}`: `is now {"amount":250,"currency":"EUR"}`,
		`{"amount":0,"currency":"EUR"}`:   `is now {"amount":250,"currency":"EUR"}`,
	} {
		problem := webtest.Read[web.Problem](s.place(t, "key", shown(price)), http.StatusConflict)
		if len(problem.Errors) != 1 || problem.Errors[0] != (errs.Field{Name: "items[1].unitPrice", Problem: want}) {
			t.Errorf("%s: got %+v", price, problem)
		}
	}
	s.expectStored(t, 0)
	s.expectPublished(t)
	order := orderOf(s.place(t, "key", shown(oldPrice)), http.StatusCreated)
	if order.Total != (domain.Money{Amount: 350, Currency: "EUR"}) {
		t.Errorf("got %+v", order)
	}
	for _, bad := range []string{
		`250`, `"2.50"`, `null`, `[]`, `{}`, `{"amount":250}`, `{"amount":-1,"currency":"EUR"}`, `{"amount":1,"currency":"eur"}`,
		`{"amount":2.5,"currency":"EUR"}`, `{"amount":9223372036854775808,"currency":"EUR"}`, `{"amount":1e30,"currency":"EUR"}`,
		`{"amount":250,"currency":"EUR","tax":0}`,
	} {
		answer := s.place(t, "", shown(bad)).Expect(http.StatusUnprocessableEntity)
		if !strings.Contains(answer.Body.String(), "items[1].unitPrice") {
			t.Errorf("%s: got %s", bad, answer.Body)
		}
	}
}

// The largest order fits into a body, however it is written.
func TestPlace_takesAHundredLinesWithPrices(t *testing.T) {
	s := newShop(t)
	var lines []map[string]any
	for i := range 100 {
		id := ids.Derive("product", fmt.Sprint(i))
		s.inventory.prices[id] = 1_000_000_000
		lines = append(lines, map[string]any{
			"productId": id, "quantity": 1, "unitPrice": domain.Money{Amount: 1_000_000_000, Currency: "EUR"},
		})
	}
	body := must.Get(json.MarshalIndent(map[string]any{"items": lines}, "", "    "))(t)
	s.place(t, "", string(body)).Expect(http.StatusCreated)
}

// A price that is remembered may be the old one, so it refuses nothing.
func TestPlace_asksAgainBeforeItRefusesAPrice(t *testing.T) {
	s := newShop(t)
	s.inventory.prices[apple], s.inventory.remembered[apple] = 300, 250
	order := orderOf(s.place(t, "", shown(newPrice)), http.StatusCreated)
	if order.Total.Amount != 400 {
		t.Errorf("got %+v, want it at the new price", order)
	}
	s.inventory.remembered[apple] = 200
	problem := webtest.Read[web.Problem](s.place(t, "", shown(oldPrice)), http.StatusConflict)
	if want := `is now {"amount":300,"currency":"EUR"}`; problem.Errors[0].Problem != want {
		t.Errorf("got %q, want %q", problem.Errors[0].Problem, want)
	}
}

// What has changed since an order was placed does not change the answer to the same request.
func TestPlacement_answersARepeatedRequestWhateverHasChanged(t *testing.T) {
	tests := map[string]func(s *shop) *shop{
		"the price":              func(s *shop) *shop { s.inventory.prices[apple] = 300; return s },
		"the product is removed": func(s *shop) *shop { delete(s.inventory.prices, apple); return s },
		"inventory is down":      func(s *shop) *shop { s.inventory.err = errs.New(errs.Unavailable, "down"); return s },
		"the limit":              func(s *shop) *shop { s.limit.Store(1); return s },
		"the process":            func(s *shop) *shop { return s.replica() },
		"the customer's orders":  func(s *shop) *shop { s.order(t, "", 98); s.refuse(t, "", 1); return s },
		"all of these": func(s *shop) *shop {
			s = s.replica()
			s.order(t, "", 100)
			delete(s.inventory.prices, apple)
			return s
		},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			first := s.place(t, "key", shown(oldPrice)).Expect(http.StatusCreated)
			s = change(s)
			for range 2 {
				if again := s.place(t, "key", shown(oldPrice)); again.Code != first.Code || again.Body.String() != first.Body.String() {
					t.Errorf("got %d %s, want %s", again.Code, again.Body, first.Body)
				}
			}
			s.place(t, "key", shown(newPrice)).ExpectProblem(http.StatusUnprocessableEntity, errs.KeyReused, "")
			s.place(t, "key", onePear).ExpectProblem(http.StatusUnprocessableEntity, errs.KeyReused, "")
		})
	}
}

// An order that ended under another id than its key's first one is found too.
func TestPlacement_findsAnOrderUnderALaterIDWhateverHasChanged(t *testing.T) {
	s := newShop(t)
	must.Do(t, s.reserve(t, refused(t, s, "key"), apple))
	order := s.placed(t, "key")
	delete(s.inventory.prices, apple)
	if again := s.placed(t, "key"); again.ID != order.ID {
		t.Errorf("got %s, want %s", again.ID, order.ID)
	}
	s.place(t, "another", oneApple).ExpectProblem(http.StatusUnprocessableEntity, errs.Invalid, "items[0].productId")
	s.expectStored(t, 2) // the closed id and the order
}
