package handlers_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/services/order/internal/handlers"
)

// read reads the answer of a request that must succeed.
func (s *shop) read(t *testing.T, r request, into any) {
	t.Helper()
	answer := s.do(t.Context(), r)
	if answer.Code != http.StatusOK {
		t.Fatalf("got %d %s", answer.Code, answer.Body)
	}
	if err := json.Unmarshal(answer.Body.Bytes(), into); err != nil {
		t.Fatal(err)
	}
}

func TestGet_showsCustomersTheirOrdersAndStaffAll(t *testing.T) {
	s := newShop(t)
	order := s.placed(t, "")
	for _, token := range []string{"alice", "staff"} {
		if got := orderOf(t, s.do(t.Context(), request{path: "/" + order.ID, token: token}), http.StatusOK); got.ID != order.ID {
			t.Errorf("%s got %+v", token, got)
		}
	}
	others := s.do(t.Context(), request{path: "/" + order.ID, token: "bob"})
	expectProblem(t, others, 404, errs.NotFound, "")
	for _, id := range []string{ids.New(), "x", "a||b", "%00"} {
		none := s.do(t.Context(), request{path: "/" + id, token: "bob"})
		if none.Code != others.Code || none.Body.String() != others.Body.String() {
			t.Errorf("%s: got %s, another's order is %s", id, none.Body, others.Body)
		}
	}
}

func TestList_pagesThroughTheCallersOrdersNewestFirst(t *testing.T) {
	s := newShop(t)
	var want []string
	for range 25 {
		order := s.placed(t, "")
		must(t, s.reserve(t, order.ID, apple))
		want = append(want, order.ID)
	}
	slices.Reverse(want)
	var got []string
	for path := "?limit=10"; path != ""; {
		var page struct {
			Items []handlers.Order
			Next  string
		}
		s.read(t, request{path: path}, &page)
		for _, order := range page.Items {
			got = append(got, order.ID)
		}
		if path = ""; page.Next != "" {
			path = "?limit=10&cursor=" + page.Next
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if body := s.do(t.Context(), request{token: "bob"}).Body.String(); body != "{\"items\":[]}\n" {
		t.Errorf("bob got %s", body)
	}
	for _, query := range []string{"?cursor=x", "?limit=0", "?limit=101", "?limit=x", "?page=2"} {
		expectProblem(t, s.do(t.Context(), request{path: query}), 422, errs.Invalid, "")
	}
}
