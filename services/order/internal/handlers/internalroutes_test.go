package handlers_test

import (
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"

	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web/webtest"
	"stoa/services/order/internal/domain"
)

// An account with very many orders: no answer takes longer than a call may take.
func TestInternal_namesWhatIsOpenInParts(t *testing.T) {
	must.HaveTime(t)
	s := newShop(t)
	oldest := s.placed(t, "1").ID
	must.Do(t, s.reserve(t, oldest, apple))
	s.stored(t, 1200)
	newest := s.placed(t, "2").ID
	must.Do(t, s.reserve(t, newest, apple))
	var reads atomic.Int64
	s.states.Before = func(string, string) error { reads.Add(1); return nil }
	var open []string
	for part, more := 0, true; more; {
		reads.Store(0)
		got := webtest.Read[struct {
			Orders []string
			Next   int
		}](s.Do(t, webtest.Request{Path: "/internal/accounts/" + ids.Derive("alice") + "/orders?part=" + strconv.Itoa(part)}), http.StatusOK)
		open = append(open, got.Orders...)
		if reads.Load() > 600 {
			t.Errorf("part %d takes %d reads", part, reads.Load())
		}
		part, more = got.Next, got.Next > part
	}
	if !slices.Equal(open, []string{oldest, newest}) {
		t.Errorf("got %v, want %s and %s", open, oldest, newest)
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
	slices.Sort(got.Orders)
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
