package handlers_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web/webtest"
)

// sell puts a product into the catalogue, by its description.
func (f *front) sell(t *testing.T, sku, name, description string) string {
	t.Helper()
	body := must.Get(json.Marshal(map[string]any{
		"sku": sku, "name": name, "description": description, "price": map[string]any{"amount": 100, "currency": "EUR"},
	}))(t)
	return f.must(t, request{method: "POST", path: "/products", as: "staff", body: string(body)}, http.StatusCreated).ID
}

func (f *front) edit(t *testing.T, id, name string) {
	t.Helper()
	body := `{"name":"` + name + `","description":"","price":{"amount":100,"currency":"EUR"}}`
	f.must(t, request{method: "PUT", path: "/products/" + id, as: "staff", body: body}, http.StatusOK)
}

// find returns the SKUs of what a query finds, page by page.
func (f *front) find(t *testing.T, query string) string {
	t.Helper()
	var skus []string
	for cursor := ""; ; {
		page := f.must(t, request{method: "GET", path: "/products/search?limit=1&q=" + query + "&cursor=" + cursor}, http.StatusOK)
		for _, p := range page.Items {
			skus = append(skus, p.SKU)
		}
		if cursor = page.Next; cursor == "" {
			return strings.Join(skus, " ")
		}
	}
}

func (f *front) expectFound(t *testing.T, query, want string) {
	t.Helper()
	if got := f.find(t, query); got != want {
		t.Errorf("%s finds %q, want %q", query, got, want)
	}
}

func TestSearch_findsProducts(t *testing.T) {
	f := newFront()
	f.sell(t, "AB-1234", "Amphora", "For wine & oil, from Athens.")
	f.sell(t, "AB-1299", "Kylix", "A cup; not an amphora.")
	f.sell(t, "X.9_b", "Crème jug", "")
	for query, want := range map[string]string{
		"amphora": "AB-1234 AB-1299", "amphoras+wine": "AB-1234", "CREME": "X.9_b", "kyl": "AB-1299",
		"ab-1234": "AB-1234", "AB-12": "AB-1234 AB-1299", "AB-129": "AB-1299", "x.9_B": "X.9_b", "1234": "AB-1234", "nothing": "",
	} {
		if query == "AB-12" {
			if got := strings.Fields(f.find(t, query)); len(got) != 2 {
				t.Errorf("%s finds %v", query, got)
			}
			continue
		}
		f.expectFound(t, query, want)
	}
	page := f.must(t, request{method: "GET", path: "/products/search?q=wine"}, http.StatusOK)
	if len(page.Items) != 1 || page.Items[0].Snippet != "For <mark>wine</mark> &amp; oil, from Athens." {
		t.Errorf("got %+v", page)
	}
}

// What is found is what the catalogue has now.
func TestSearch_followsTheCatalogue(t *testing.T) {
	f := newFront()
	id := f.sell(t, "A", "Amphora", "")
	f.edit(t, id, "Kylix")
	f.expectFound(t, "amphora", "")
	f.expectFound(t, "kylix", "A")
	f.do(t, request{method: "DELETE", path: "/products/" + id, as: "staff"}).Expect(http.StatusNoContent)
	f.expectFound(t, "kylix", "")
	if again := f.sell(t, "A", "Kylix", ""); again == id {
		t.Error("it is the same product")
	}
	f.expectFound(t, "kylix", "A")
}

// Wherever the process dies, the product is changed and found, or neither; and CatchUp does what is left.
func TestSearch_survivesEveryCrash(t *testing.T) {
	died := errors.New("crash")
	for _, late := range []bool{false, true} {
		for n, more := 1, true; more; n++ {
			f := newFront()
			id := f.sell(t, "A", "Amphora", "")
			calls := 0
			step := func(string, string) error {
				if calls++; calls < n {
					return nil
				}
				return died
			}
			if f.states.Before = step; late {
				f.states.Before, f.states.After = nil, step
			}
			f.do(t, request{method: "PUT", path: "/products/" + id, as: "staff", body: `{"name":"Kylix","price":{"amount":1,"currency":"EUR"}}`})
			more = calls >= n
			f.states.Before, f.states.After = nil, nil
			must.Do(t, f.assortment.CatchUp(t.Context()))
			found, lost := "amphora", "kylix"
			if f.must(t, request{method: "GET", path: "/products/" + id}, http.StatusOK).Name == "Kylix" {
				found, lost = lost, found
			}
			f.expectFound(t, found, "A")
			f.expectFound(t, lost, "")
			if left, _, err := f.catalogue.Unindexed(t.Context(), "", 10); err != nil || len(left) > 0 {
				t.Errorf("step %d: %v are left, %v", n, left, err)
			}
		}
	}
}

// While the index is away, the catalogue works.
func TestSearch_holdsUpNoChange(t *testing.T) {
	f := newFront()
	f.states.Before = func(_, key string) error {
		if strings.HasPrefix(key, "search") {
			return errors.New("away")
		}
		return nil
	}
	f.sell(t, "A", "Amphora", "")
	if err := f.assortment.CatchUp(t.Context()); err == nil {
		t.Error("nobody learns that it is away")
	}
	f.states.Before = nil
	f.expectFound(t, "amphora", "")
	must.Do(t, f.assortment.CatchUp(t.Context()))
	f.expectFound(t, "amphora", "A")
	must.Do(t, f.catalogue.Compact(t.Context()))
}

func TestSearch_isRebuilt(t *testing.T) {
	f := newFront()
	f.sell(t, "A", "Amphora", "")
	f.sell(t, "B", "Amphora", "")
	for _, key := range f.states.Keys("inventory-store", "search") {
		f.states.Drop("inventory-store", key)
	}
	const path = "/products/search/rebuild"
	f.do(t, request{method: "GET", path: path, as: "staff"}).ExpectProblem(http.StatusNotFound, errs.NotFound, "")
	f.do(t, request{method: "POST", path: path, as: "alice"}).ExpectProblem(http.StatusForbidden, errs.Forbidden, "")
	f.do(t, request{method: "POST", path: path, as: "staff"}).Expect(http.StatusAccepted)
	must.Do(t, f.index.Work(t.Context()))
	type rebuild struct {
		State   string
		Indexed int
	}
	if got := webtest.Read[rebuild](f.do(t, request{method: "GET", path: path, as: "admin"}), http.StatusOK); got != (rebuild{"done", 2}) {
		t.Errorf("got %+v", got)
	}
	if got := strings.Fields(f.find(t, "amphora")); len(got) != 2 {
		t.Errorf("got %v", got)
	}
}

func TestSearch_refusesWhatNobodyTypes(t *testing.T) {
	f := newFront()
	for query, field := range map[string]string{
		"": "q", "q=": "q", "q=" + strings.Repeat("a", 10_000): "q", "q=%00": "q", "q=" + strings.Repeat("x+", 20): "q", "q=a&cursor=x": "cursor",
	} {
		f.do(t, request{method: "GET", path: "/products/search?" + query}).ExpectProblem(http.StatusUnprocessableEntity, errs.Invalid, field)
	}
	for _, query := range []string{"the+of", "%2B-%26%7C!()%7B%7D", "%E2%80%AE%D7%90", "%E6%9D%B1%E4%BA%AC"} {
		f.expectFound(t, query, "")
	}
}
