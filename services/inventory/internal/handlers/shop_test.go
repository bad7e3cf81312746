package handlers_test

import (
	"encoding/base64"
	"net/http"
	"testing"

	"stoa/internal/golden"
	"stoa/internal/openapitest"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web/webtest"
	"stoa/pkg/identity"
	"stoa/pkg/sidecar/sidecartest"
	"stoa/services/inventory/internal/domain"
	"stoa/services/inventory/internal/handlers"
	"stoa/services/inventory/internal/providers"
	"stoa/services/inventory/internal/repositories"
)

// callers are the callers by token.
var callers = webtest.Callers{
	"alice": {ID: ids.Derive("alice"), Roles: []identity.Role{identity.Learner}},
	"staff": {ID: ids.Derive("staff"), Roles: []identity.Role{identity.Staff}},
	"admin": {ID: ids.Derive("admin"), Roles: []identity.Role{identity.Admin}},
}

// front is the HTTP API on a store in memory.
type front struct {
	*webtest.Server
	states     *sidecartest.States
	catalogue  *repositories.Catalogue
	assortment *domain.Assortment
	index      *repositories.Index
}

func newFront() *front {
	states, side := sidecartest.New()
	catalogue, index := repositories.NewCatalogue(side), repositories.NewIndex(side)
	f := &front{
		webtest.New("Inventory", "The catalogue and the stock.", callers), states, catalogue, domain.NewAssortment(catalogue, index), index,
	}
	handlers.Routes(f.API, catalogue, f.assortment, domain.NewStock(catalogue, repositories.NewHistory(side)),
		domain.NewPictures(catalogue, repositories.NewPictures(side), &providers.Pictures{}), index.Index)
	handlers.Schedules(f.Router, catalogue, f.assortment, index.Work)
	return f
}

func TestOpenAPI_isWhatIsCheckedIn(t *testing.T) {
	golden.Check(t, "api/openapi/inventory.json", newFront().Description(t))
}

func TestAPI_isWhatItsDescriptionSays(t *testing.T) {
	must.HaveTime(t)
	f := newFront()
	f.do(t, request{method: "POST", path: "/products/search/rebuild", as: "admin"}).Expect(http.StatusAccepted)
	p := f.add(t, "PICTURED", "1")
	f.must(t, picturing(p.ID, []byte(drawing)), http.StatusOK)
	openapitest.Attack(t, f.Server, openapitest.Client{SignIn: openapitest.As("admin"), Knows: map[string][]string{
		"id": {p.ID}, "image": {base64.StdEncoding.EncodeToString([]byte(drawing))},
	}}, 100)
}

// request is one request of a caller.
type request struct{ method, path, as, key, body string }

// response is what came back: a product, or a list of them.
type response struct {
	ID        string
	SKU       string
	Name      string
	Stock     int64
	Reserved  int64
	Sold      int64
	Available int64
	Change    int64
	Reason    string
	By        string
	Snippet   string
	Picture   string
	Items     []response
	Next      string
}

func (f *front) do(t *testing.T, r request) *webtest.Answer {
	t.Helper()
	header := http.Header{}
	if r.key != "" {
		header.Set("Idempotency-Key", r.key)
	}
	return f.Do(t, webtest.Request{Method: r.method, Path: "/api/v1" + r.path, Token: r.as, Body: r.body, Header: header})
}

// must reads the answer to a request, and ends the test if it has another status.
func (f *front) must(t *testing.T, r request, status int) response {
	t.Helper()
	return webtest.Read[response](f.do(t, r), status)
}

// add puts a product into the catalogue.
func (f *front) add(t *testing.T, sku, stock string) response {
	t.Helper()
	return f.must(t, request{method: "POST", path: "/products", as: "staff", body: body(sku, stock)}, http.StatusCreated)
}

func body(sku, stock string) string {
	return `{"name":"Amphora","sku":"` + sku + `","price":{"amount":1250,"currency":"EUR"},"stock":` + stock + `}`
}
