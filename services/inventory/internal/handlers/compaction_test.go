package handlers_test

import (
	"net/http"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web/webtest"
	"stoa/services/inventory/internal/domain"
)

// However many products were removed, the list of the others stays readable, and soon at the price of what it shows.
func TestCompaction_takesRemovedProductsOffTheList(t *testing.T) {
	must.HaveTime(t)
	synctest.Test(t, func(t *testing.T) {
		const size, left = 3000, 100
		f := newFront()
		var want []string
		for i := range size {
			p := domain.Product{ID: ids.New(), SKU: strconv.Itoa(i)}
			must.Get(f.catalogue.Create(t.Context(), p))(t)
			if i < left {
				want = append(want, p.ID)
				continue
			}
			must.Get(f.catalogue.Update(t.Context(), p.ID, func(p *domain.Product) error { p.Removed = true; return nil }))(t)
		}
		slices.Reverse(want)
		reads := 0
		f.states.Before = func(string, string) error { reads++; return nil }
		page := func(path string, most int) response {
			t.Helper()
			reads = 0
			got := f.must(t, request{method: "GET", path: path}, http.StatusOK)
			if reads > most {
				t.Errorf("GET %s reads %d keys, want at most %d", path, reads, most)
			}
			return got
		}
		for _, limit := range []string{"1", "20"} { // bounded, and with a cursor that leads on
			if page("/products?limit="+limit, 1060).Next == "" {
				t.Error("a page without its cursor")
			}
		}
		for range 2 {
			f.Do(t, webtest.Request{Method: "POST", Path: "/compact"}).Expect(http.StatusOK)
			time.Sleep(2 * time.Minute)
		}
		var got []string
		for cursor, end := "", false; !end; end = cursor == "" {
			listed := page("/products?limit=20&cursor="+cursor, 32)
			for _, p := range listed.Items {
				got = append(got, p.ID)
			}
			cursor = listed.Next
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %d products, want %d", len(got), len(want))
		}
	})
}
