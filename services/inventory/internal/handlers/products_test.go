package handlers_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web/webtest"
	"stoa/services/inventory/internal/domain"
)

func TestProducts_fromCreationToRemoval(t *testing.T) {
	f := newFront()
	added := f.do(t, request{method: "POST", path: "/products", as: "staff", body: body("AMPHORA-1", "10")})
	p := webtest.Read[response](added, http.StatusCreated)
	if added.Header().Get("Location") != "/api/v1/products/"+p.ID || p.Stock != 10 || p.Available != 10 || p.SKU != "AMPHORA-1" {
		t.Errorf("got %+v", p)
	}
	path := "/products/" + p.ID
	if got := f.must(t, request{method: "GET", path: path}, http.StatusOK); got.Name != "Amphora" {
		t.Errorf("got %+v", got)
	}
	edit := `{"name":"Big amphora","description":"Holds 40 litres","price":{"amount":1500,"currency":"EUR"}}`
	edited := f.must(t, request{method: "PUT", path: path, as: "admin", body: edit}, http.StatusOK)
	if edited.Name != "Big amphora" || edited.Stock != 10 {
		t.Errorf("got %+v", edited)
	}
	taken := request{method: "POST", path: path + "/stock", as: "staff", body: `{"change":-3,"reason":"broken"}`}
	if got := f.must(t, taken, http.StatusOK); got.Stock != 7 {
		t.Errorf("got %+v", got)
	}
	for range 2 { // to remove it again does no harm
		f.do(t, request{method: "DELETE", path: path, as: "staff"}).Expect(http.StatusNoContent)
	}
	f.do(t, request{method: "GET", path: path}).Expect(http.StatusNotFound)
	f.do(t, request{method: "PUT", path: path, as: "staff", body: edit}).Expect(http.StatusNotFound)
	f.do(t, request{method: "POST", path: path + "/stock", as: "staff", body: `{"change":1}`}).Expect(http.StatusNotFound)
	f.add(t, "amphora-1", "1") // its SKU is free again
}

func TestProducts_areListedInPagesNewestFirst(t *testing.T) {
	f := newFront()
	var want []string
	for i := range 7 {
		p := f.add(t, fmt.Sprintf("SKU-%d", i), "1")
		if i == 2 || i == 5 {
			f.do(t, request{method: "DELETE", path: "/products/" + p.ID, as: "staff"}).Expect(http.StatusNoContent)
			continue
		}
		want = append([]string{p.ID}, want...)
	}
	first := f.must(t, request{method: "GET", path: "/products?limit=3"}, http.StatusOK)
	rest := f.must(t, request{method: "GET", path: "/products?cursor=" + first.Next}, http.StatusOK)
	var got []string
	for _, p := range append(first.Items, rest.Items...) {
		got = append(got, p.ID)
	}
	if !slices.Equal(got, want) || len(first.Items) != 3 || rest.Next != "" {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestProducts_refuseWhatIsNotValid(t *testing.T) {
	f := newFront()
	p := f.add(t, "TAKEN", "5")
	one, stock := "/products/"+p.ID, "/products/"+p.ID+"/stock"
	with := func(old, changed string) string { return strings.Replace(body("NEW", "1"), old, changed, 1) }
	tests := map[string]struct {
		request
		kind  errs.Kind
		field string
	}{
		"not signed in":       {request{"POST", "/products", "", "", body("NEW", "1")}, errs.Unauthenticated, ""},
		"customer":            {request{"POST", "/products", "alice", "", body("NEW", "1")}, errs.Forbidden, ""},
		"SKU taken":           {request{"POST", "/products", "staff", "", body("taken", "1")}, errs.Conflict, "sku"},
		"SKU with a space":    {request{"POST", "/products", "staff", "", body("A B", "1")}, errs.Invalid, "sku"},
		"SKU too long":        {request{"POST", "/products", "staff", "", body(strings.Repeat("x", 65), "1")}, errs.Invalid, "sku"},
		"no name":             {request{"POST", "/products", "staff", "", with(`"name":"Amphora",`, "")}, errs.Invalid, "name"},
		"blank name":          {request{"POST", "/products", "staff", "", with("Amphora", "  ")}, errs.Invalid, "name"},
		"long name":           {request{"POST", "/products", "staff", "", with("Amphora", strings.Repeat("x", 201))}, errs.Invalid, "name"},
		"negative price":      {request{"POST", "/products", "staff", "", with("1250", "-1")}, errs.Invalid, "price.amount"},
		"fractional price":    {request{"POST", "/products", "staff", "", with("1250", "12.5")}, errs.Invalid, "price.amount"},
		"huge price":          {request{"POST", "/products", "staff", "", with("1250", "1e30")}, errs.Invalid, "price.amount"},
		"unknown currency":    {request{"POST", "/products", "staff", "", with("EUR", "euro")}, errs.Invalid, "price.currency"},
		"negative stock":      {request{"POST", "/products", "staff", "", body("NEW", "-1")}, errs.Invalid, "stock"},
		"unknown field":       {request{"POST", "/products", "staff", "", with(`"name"`, `"sold":3,"name"`)}, errs.Invalid, "sold"},
		"edit names the SKU":  {request{"PUT", one, "staff", "", with(`,"stock":1`, "")}, errs.Invalid, "sku"},
		"unknown product":     {request{"GET", "/products/" + ids.New(), "", "", ""}, errs.NotFound, ""},
		"malformed id":        {request{"GET", "/products/any", "", "", ""}, errs.Invalid, "id"},
		"remove unknown":      {request{"DELETE", "/products/" + ids.New(), "staff", "", ""}, errs.NotFound, ""},
		"change nothing":      {request{"POST", stock, "staff", "", `{"change":0}`}, errs.Invalid, "change"},
		"change too much":     {request{"POST", stock, "staff", "", `{"change":1000001}`}, errs.Invalid, "change"},
		"take more than held": {request{"POST", stock, "staff", "", `{"change":-6}`}, errs.Conflict, ""},
		"invented cursor":     {request{"GET", "/products?cursor=x", "", "", ""}, errs.Invalid, "cursor"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { f.do(t, tt.request).ExpectProblem(tt.kind.HTTPStatus(), tt.kind, tt.field) })
	}
	if keys := f.states.Keys("inventory-store", "product:"); len(keys) != 1 {
		t.Errorf("something was written: %v", keys)
	}
}

func TestProducts_areNotRemovedWhileOrdersNeedPieces(t *testing.T) {
	f := newFront()
	p := f.add(t, "A", "5")
	must.Get(f.catalogue.Update(t.Context(), p.ID, func(p *domain.Product) error {
		p.Begin(domain.Movement{ID: "m", Order: "o", Kind: domain.Hold, Quantity: 5, At: time.Now()})
		return nil
	}))(t)
	f.do(t, request{method: "DELETE", path: "/products/" + p.ID, as: "staff"}).Expect(http.StatusConflict)
	got := f.must(t, request{method: "GET", path: "/products/" + p.ID}, http.StatusOK)
	if got.Reserved != 5 || got.Available != 0 || got.Stock != 5 {
		t.Errorf("got %+v", got)
	}
}

func TestProducts_areAddedOnceForEachKey(t *testing.T) {
	f := newFront()
	add := request{method: "POST", path: "/products", as: "staff", key: "k", body: body("A", "5")}
	answers := webtest.Together(50, func(int) *webtest.Answer { return f.do(t, add) })
	first := webtest.Read[response](answers[0], http.StatusCreated)
	for _, answer := range answers {
		if got := webtest.Read[response](answer, http.StatusCreated); got.ID != first.ID || got.Stock != 5 {
			t.Fatalf("got %+v and %+v", got, first)
		}
	}
	if got := f.must(t, request{method: "GET", path: "/products"}, http.StatusOK); len(got.Items) != 1 {
		t.Errorf("%d products are listed", len(got.Items))
	}
	add.body = body("B", "5")
	f.do(t, add).ExpectProblem(http.StatusUnprocessableEntity, errs.KeyReused, "")
	add.as = "admin" // keys of different callers are different
	f.must(t, add, http.StatusCreated)
	f.do(t, request{method: "DELETE", path: "/products/" + first.ID, as: "staff"}).Expect(http.StatusNoContent)
	add.as, add.body = "staff", body("A", "5")
	f.do(t, add).Expect(http.StatusConflict)
}

func TestProducts_areAdjustedOnceForEachKey(t *testing.T) {
	f := newFront()
	path := "/products/" + f.add(t, "A", "5").ID
	change := request{method: "POST", path: path + "/stock", as: "staff", key: "k", body: `{"change":7}`}
	for _, answer := range webtest.Together(20, func(int) *webtest.Answer { return f.do(t, change) }) {
		if got := webtest.Read[response](answer, http.StatusOK); got.Stock != 12 {
			t.Fatalf("got %+v", got)
		}
	}
	change.body = `{"change":8}`
	f.do(t, change).ExpectProblem(http.StatusUnprocessableEntity, errs.KeyReused, "")
	change.key = ""
	if got := f.must(t, change, http.StatusOK); got.Stock != 20 {
		t.Errorf("got %+v", got)
	}
}

// A product remembers every key, however many changes have followed.
func TestProducts_keepTheirStockWhen25AdjustmentsAreRepeated(t *testing.T) {
	f := newFront()
	path := "/products/" + f.add(t, "A", "0").ID
	for range 2 {
		for key := range 25 {
			f.must(t, request{"POST", path + "/stock", "staff", fmt.Sprint(key), `{"change":10}`}, http.StatusOK)
		}
	}
	if got := f.must(t, request{method: "GET", path: path}, http.StatusOK); got.Stock != 250 {
		t.Errorf("got %+v", got)
	}
	if size := len(f.states.Value("inventory-store", "product:"+path[len("/products/"):])); size > 1000 {
		t.Errorf("the document of the product has %d bytes", size)
	}
}

func TestProducts_shareNoSKU(t *testing.T) {
	f := newFront()
	answers := webtest.Together(20, func(int) *webtest.Answer {
		return f.do(t, request{method: "POST", path: "/products", as: "staff", body: body("A", "1")})
	})
	won := slices.DeleteFunc(answers, func(got *webtest.Answer) bool { return got.Code == http.StatusConflict })
	listed := f.must(t, request{method: "GET", path: "/products?limit=100"}, http.StatusOK)
	if len(won) != 1 || len(listed.Items) != 1 || webtest.Read[response](won[0], http.StatusCreated).ID != listed.Items[0].ID {
		t.Errorf("%+v was answered, %+v is listed", won, listed.Items)
	}
}

// A request dies after any number of steps: the same request again adds the product, and so does another one for the
// same SKU.
func TestProducts_areAddedAfterACrash(t *testing.T) {
	for _, retry := range []string{"same-key", "other-key"} {
		for steps := 0; ; steps++ {
			f := newFront()
			left := steps
			f.states.Before = func(string, string) error {
				if left--; left < 0 {
					return status.Error(codes.Unavailable, "died")
				}
				return nil
			}
			died := f.do(t, request{method: "POST", path: "/products", as: "staff", key: "same-key", body: body("A", "1")})
			if died.Code == http.StatusCreated {
				break
			}
			died.ExpectProblem(http.StatusServiceUnavailable, errs.Unavailable, "")
			f.states.Before = nil
			p := f.must(t, request{method: "POST", path: "/products", as: "staff", key: retry, body: body("A", "1")}, http.StatusCreated)
			listed := f.must(t, request{method: "GET", path: "/products"}, http.StatusOK)
			if len(listed.Items) != 1 || listed.Items[0].ID != p.ID {
				t.Errorf("after %d steps, and again with %s: got %+v", steps, retry, listed.Items)
			}
		}
	}
}

func TestProducts_reportAnOutage(t *testing.T) {
	f := newFront()
	f.states.Before = func(string, string) error { return status.Error(codes.Unavailable, "away") }
	for _, r := range []request{
		{method: "GET", path: "/products"},
		{method: "GET", path: "/products/" + ids.New()},
		{method: "POST", path: "/products", as: "staff", body: body("A", "1")},
		{method: "POST", path: "/products/" + ids.New() + "/stock", as: "staff", body: `{"change":1}`},
	} {
		f.do(t, r).ExpectProblem(http.StatusServiceUnavailable, errs.Unavailable, "")
	}
}
