package handlers_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"stoa/pkg/common/ids"
	"stoa/services/inventory/internal/domain"
)

func TestProducts_fromCreationToRemoval(t *testing.T) {
	f := newFront(t)
	p := f.add(t, "AMPHORA-1", "10")
	if p.location != "/api/v1/products/"+p.ID || p.Stock != 10 || p.Available != 10 || p.SKU != "AMPHORA-1" {
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
		f.must(t, request{method: "DELETE", path: path, as: "staff"}, http.StatusNoContent)
	}
	f.must(t, request{method: "GET", path: path}, http.StatusNotFound)
	f.must(t, request{method: "PUT", path: path, as: "staff", body: edit}, http.StatusNotFound)
	f.must(t, request{method: "POST", path: path + "/stock", as: "staff", body: `{"change":1}`}, http.StatusNotFound)
	f.add(t, "amphora-1", "1") // its SKU is free again
}

func TestProducts_areListedInPagesNewestFirst(t *testing.T) {
	f := newFront(t)
	var want []string
	for i := range 7 {
		p := f.add(t, fmt.Sprintf("SKU-%d", i), "1")
		if i == 2 || i == 5 {
			f.must(t, request{method: "DELETE", path: "/products/" + p.ID, as: "staff"}, http.StatusNoContent)
			continue
		}
		want = append([]string{p.ID}, want...)
	}
	var got []string
	for query := "?limit=2"; ; {
		page := f.must(t, request{method: "GET", path: "/products" + query}, http.StatusOK)
		for _, p := range page.Items {
			got = append(got, p.ID)
		}
		if page.Next == "" {
			break
		}
		if len(page.Items) != 2 {
			t.Errorf("a page in the middle has %d products", len(page.Items))
		}
		query = "?limit=2&cursor=" + page.Next
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestProducts_listIsEmptyAtFirst(t *testing.T) {
	got := newFront(t).must(t, request{method: "GET", path: "/products"}, http.StatusOK)
	if got.Items == nil || len(got.Items) != 0 || got.Next != "" {
		t.Errorf("got %+v", got)
	}
}

func TestProducts_refuseWhatIsNotValid(t *testing.T) {
	f := newFront(t)
	p := f.add(t, "TAKEN", "5")
	one, stock := "/products/"+p.ID, "/products/"+p.ID+"/stock"
	with := func(old, changed string) string { return strings.Replace(body("NEW", "1"), old, changed, 1) }
	tests := map[string]struct {
		request
		status int
		kind   string
		field  string
	}{
		"not signed in":       {request{"POST", "/products", "", "", body("NEW", "1")}, 401, "unauthenticated", ""},
		"forged token":        {request{"POST", "/products", "forged", "", body("NEW", "1")}, 401, "unauthenticated", ""},
		"customer":            {request{"POST", "/products", "alice", "", body("NEW", "1")}, 403, "forbidden", ""},
		"SKU taken":           {request{"POST", "/products", "staff", "", body("taken", "1")}, 409, "conflict", "sku"},
		"SKU with a space":    {request{"POST", "/products", "staff", "", body("A B", "1")}, 422, "invalid", "sku"},
		"SKU too long":        {request{"POST", "/products", "staff", "", body(strings.Repeat("x", 65), "1")}, 422, "invalid", "sku"},
		"no name":             {request{"POST", "/products", "staff", "", with(`"name":"Amphora",`, "")}, 422, "invalid", "name"},
		"blank name":          {request{"POST", "/products", "staff", "", with("Amphora", "  ")}, 422, "invalid", "name"},
		"long name":           {request{"POST", "/products", "staff", "", with("Amphora", strings.Repeat("x", 201))}, 422, "invalid", "name"},
		"negative price":      {request{"POST", "/products", "staff", "", with("1250", "-1")}, 422, "invalid", "price.amount"},
		"fractional price":    {request{"POST", "/products", "staff", "", with("1250", "12.5")}, 422, "invalid", "price.amount"},
		"huge price":          {request{"POST", "/products", "staff", "", with("1250", "1e30")}, 422, "invalid", "price.amount"},
		"unknown currency":    {request{"POST", "/products", "staff", "", with("EUR", "euro")}, 422, "invalid", "price.currency"},
		"negative stock":      {request{"POST", "/products", "staff", "", body("NEW", "-1")}, 422, "invalid", "stock"},
		"unknown field":       {request{"POST", "/products", "staff", "", with(`"name"`, `"sold":3,"name"`)}, 422, "invalid", "sold"},
		"broken JSON":         {request{"POST", "/products", "staff", "", "{"}, 400, "malformed", ""},
		"no body":             {request{"POST", "/products", "staff", "", ""}, 400, "malformed", ""},
		"key with a space":    {request{"POST", "/products", "staff", "a b", body("NEW", "1")}, 422, "invalid", "Idempotency-Key"},
		"edit names the SKU":  {request{"PUT", one, "staff", "", with(`,"stock":1`, "")}, 422, "invalid", "sku"},
		"unknown product":     {request{"GET", "/products/" + ids.New(), "", "", ""}, 404, "not_found", ""},
		"malformed id":        {request{"GET", "/products/any", "", "", ""}, 404, "not_found", ""},
		"remove unknown":      {request{"DELETE", "/products/" + ids.New(), "staff", "", ""}, 404, "not_found", ""},
		"change nothing":      {request{"POST", stock, "staff", "", `{"change":0}`}, 422, "invalid", "change"},
		"change too much":     {request{"POST", stock, "staff", "", `{"change":1000001}`}, 422, "invalid", "change"},
		"take more than held": {request{"POST", stock, "staff", "", `{"change":-6}`}, 409, "conflict", ""},
		"limit too high":      {request{"GET", "/products?limit=101", "", "", ""}, 422, "invalid", "limit"},
		"invented cursor":     {request{"GET", "/products?cursor=x", "", "", ""}, 422, "invalid", "cursor"},
		"wrong method":        {request{"PATCH", one, "staff", "", "{}"}, 405, "method_not_allowed", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := f.do(t, tt.request)
			if got.status != tt.status || got.Kind != tt.kind || tt.field != "" && got.field() != tt.field {
				t.Errorf("got %d %s %q, want %d %s %q", got.status, got.Kind, got.Errors, tt.status, tt.kind, tt.field)
			}
		})
	}
	if keys := f.states.Keys("inventory-store", "product:"); len(keys) != 1 {
		t.Errorf("something was written: %v", keys)
	}
}

func TestProducts_areNotRemovedWhileOrdersNeedPieces(t *testing.T) {
	f := newFront(t)
	p := f.add(t, "A", "5")
	_, err := f.catalogue.Update(t.Context(), p.ID, func(p *domain.Product) error {
		p.Begin(domain.Movement{ID: "m", Order: "o", Kind: domain.Hold, Quantity: 5, At: time.Now()})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	f.must(t, request{method: "DELETE", path: "/products/" + p.ID, as: "staff"}, http.StatusConflict)
	got := f.must(t, request{method: "GET", path: "/products/" + p.ID}, http.StatusOK)
	if got.Reserved != 5 || got.Available != 0 || got.Stock != 5 {
		t.Errorf("got %+v", got)
	}
}

func TestProducts_areAddedOnceForEachKey(t *testing.T) {
	f := newFront(t)
	add := request{method: "POST", path: "/products", as: "staff", key: "k", body: body("A", "5")}
	answers := inParallel(50, func() response { return f.do(t, add) })
	for _, got := range answers {
		if got.status != http.StatusCreated || got.ID != answers[0].ID || got.Stock != 5 {
			t.Fatalf("got %+v and %+v", got, answers[0])
		}
	}
	if got := f.must(t, request{method: "GET", path: "/products"}, http.StatusOK); len(got.Items) != 1 {
		t.Errorf("%d products are listed", len(got.Items))
	}
	add.body = body("B", "5")
	if got := f.must(t, add, http.StatusUnprocessableEntity); got.Kind != "idempotency_key_reused" {
		t.Errorf("got %+v", got)
	}
	add.as = "admin" // keys of different callers are different
	f.must(t, add, http.StatusCreated)
	f.must(t, request{method: "DELETE", path: "/products/" + answers[0].ID, as: "staff"}, http.StatusNoContent)
	add.as, add.body = "staff", body("A", "5")
	f.must(t, add, http.StatusConflict)
}

func TestProducts_areAdjustedOnceForEachKey(t *testing.T) {
	f := newFront(t)
	path := "/products/" + f.add(t, "A", "5").ID
	change := request{method: "POST", path: path + "/stock", as: "staff", key: "k", body: `{"change":7}`}
	for _, got := range inParallel(20, func() response { return f.do(t, change) }) {
		if got.status != http.StatusOK || got.Stock != 12 {
			t.Fatalf("got %+v", got)
		}
	}
	change.body = `{"change":8}`
	if got := f.must(t, change, http.StatusUnprocessableEntity); got.Kind != "idempotency_key_reused" {
		t.Errorf("got %+v", got)
	}
	change.key = ""
	if got := f.must(t, change, http.StatusOK); got.Stock != 20 {
		t.Errorf("got %+v", got)
	}
}

func TestProducts_shareNoSKU(t *testing.T) {
	f := newFront(t)
	answers := inParallel(20, func() response {
		return f.do(t, request{method: "POST", path: "/products", as: "staff", body: body("A", "1")})
	})
	won := slices.DeleteFunc(answers, func(got response) bool { return got.status == http.StatusConflict })
	listed := f.must(t, request{method: "GET", path: "/products?limit=100"}, http.StatusOK)
	if len(won) != 1 || len(listed.Items) != 1 || won[0].ID != listed.Items[0].ID {
		t.Errorf("%+v was answered, %+v is listed", won, listed.Items)
	}
}

// A request dies after any number of steps: the same request again adds the product, and so does another one for the
// same SKU.
func TestProducts_areAddedAfterACrash(t *testing.T) {
	for _, retry := range []string{"same-key", "other-key"} {
		for steps := 0; ; steps++ {
			f := newFront(t)
			left := steps
			f.states.Before = func(string, string) error {
				if left--; left < 0 {
					return status.Error(codes.Unavailable, "died")
				}
				return nil
			}
			died := f.do(t, request{method: "POST", path: "/products", as: "staff", key: "same-key", body: body("A", "1")})
			if died.status == http.StatusCreated {
				break
			}
			if died.status != http.StatusServiceUnavailable {
				t.Fatalf("after %d steps: got %d %s", steps, died.status, died.Kind)
			}
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
	f := newFront(t)
	f.states.Before = func(string, string) error { return status.Error(codes.Unavailable, "away") }
	for _, r := range []request{
		{method: "GET", path: "/products"},
		{method: "GET", path: "/products/" + ids.New()},
		{method: "POST", path: "/products", as: "staff", body: body("A", "1")},
		{method: "POST", path: "/products/" + ids.New() + "/stock", as: "staff", body: `{"change":1}`},
	} {
		if got := f.do(t, r); got.status != http.StatusServiceUnavailable || got.Kind != "unavailable" {
			t.Errorf("%s %s: got %d %s", r.method, r.path, got.status, got.Kind)
		}
	}
	if err := f.catalogue.Reachable(context.Background()); err == nil {
		t.Error("the store must not count as reachable")
	}
}

// inParallel calls do n times at once.
func inParallel(n int, do func() response) []response {
	answers := make([]response, n)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() { answers[i] = do() })
	}
	all.Wait()
	return answers
}
