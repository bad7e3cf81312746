package handlers_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/pkg/sidecar/sidecartest"
	"stoa/services/inventory/internal/handlers"
	"stoa/services/inventory/internal/repositories"
)

// callers are the callers by token.
var callers = callersByToken{
	"alice": {ID: ids.Derive("alice"), Roles: []identity.Role{identity.Learner}},
	"staff": {ID: ids.Derive("staff"), Roles: []identity.Role{identity.Staff}},
	"admin": {ID: ids.Derive("admin"), Roles: []identity.Role{identity.Admin}},
}

type callersByToken map[string]identity.Caller

func (c callersByToken) Verify(_ context.Context, token string) (identity.Caller, error) {
	caller, ok := c[token]
	if !ok {
		return caller, errs.New(errs.Unauthenticated, "the access token is not valid")
	}
	return caller, nil
}

// front is the HTTP API on a store in memory.
type front struct {
	states    *sidecartest.States
	catalogue *repositories.Catalogue
	handler   http.Handler
}

func newFront(t *testing.T) *front {
	t.Helper()
	states, side := sidecartest.New()
	catalogue := repositories.NewCatalogue(side)
	router := web.NewRouter()
	api := web.NewAPI(router, "Inventory", "")
	identity.Protect(api, callers)
	handlers.Routes(api, catalogue)
	return &front{states: states, catalogue: catalogue, handler: web.Wrap(router, zerolog.Nop())}
}

// request is one request of a caller.
type request struct{ method, path, as, key, body string }

// response is what came back: a product, a list of them or a problem.
type response struct {
	status    int
	location  string
	ID        string
	SKU       string
	Name      string
	Stock     int64
	Reserved  int64
	Sold      int64
	Available int64
	Items     []response
	Next      string
	Kind      string
	Errors    []errs.Field
}

func (r response) field() string {
	if len(r.Errors) == 0 {
		return ""
	}
	return r.Errors[0].Name
}

func (f *front) do(t *testing.T, r request) response {
	t.Helper()
	in := httptest.NewRequestWithContext(t.Context(), r.method, "/api/v1"+r.path, strings.NewReader(r.body))
	if r.body != "" {
		in.Header.Set("Content-Type", "application/json")
	}
	if r.as != "" {
		in.Header.Set("Authorization", "Bearer "+r.as)
	}
	if r.key != "" {
		in.Header.Set("Idempotency-Key", r.key)
	}
	out := httptest.NewRecorder()
	f.handler.ServeHTTP(out, in)
	got := response{status: out.Code, location: out.Header().Get("Location")}
	if out.Body.Len() > 0 {
		if err := json.Unmarshal(out.Body.Bytes(), &got); err != nil {
			t.Errorf("%s %s answered %q: %v", r.method, r.path, out.Body, err)
		}
	}
	return got
}

// must is do, and fails if the answer has another status.
func (f *front) must(t *testing.T, r request, status int) response {
	t.Helper()
	got := f.do(t, r)
	if got.status != status {
		t.Fatalf("%s %s: got %d %s %v, want %d", r.method, r.path, got.status, got.Kind, got.Errors, status)
	}
	return got
}

// add puts a product into the catalogue.
func (f *front) add(t *testing.T, sku, stock string) response {
	t.Helper()
	return f.must(t, request{method: "POST", path: "/products", as: "staff", body: body(sku, stock)}, http.StatusCreated)
}

func body(sku, stock string) string {
	return `{"name":"Amphora","sku":"` + sku + `","price":{"amount":1250,"currency":"EUR"},"stock":` + stock + `}`
}
