package handlers_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web"
	"stoa/pkg/sidecar/sidecartest"
	"stoa/services/web/internal/domain"
	"stoa/services/web/internal/handlers"
	"stoa/services/web/internal/repositories"
)

const (
	lampID     = "0199c0de-0000-7000-8000-000000000002"
	productAt  = "/products/" + productID
	productOp  = "GET /api/v1/products/" + productID
	cartCookie = "stoa-cart"
)

// newShop is a world with two products.
func newShop(t *testing.T) *world {
	t.Helper()
	answers := maps.Clone(all)
	answers["GET /api/v1/products/"+lampID] = object{
		"id": lampID, "name": "Lamp", "sku": "L-1", "available": 9, "price": object{"amount": 990, "currency": "EUR"},
		"picture": "/api/v1/lamp.svg",
	}
	return newWorld(t, answers)
}

// cutOff makes the store refuse these operations on carts: "get" or "save".
func (w *world) cutOff(operations ...string) {
	w.states.Before = func(operation, key string) error {
		if strings.Contains(key, "cart:") && strings.Contains(strings.Join(operations, " "), operation) {
			return errs.New(errs.Unavailable, "down")
		}
		return nil
	}
}

func TestProduct_showsItsPicture(t *testing.T) {
	b := newShop(t).browser()
	b.get(t, "/products/"+lampID).shows(http.StatusOK, `src="/api/v1/lamp.svg"`, `action="/products/`+lampID+`"`)
	b.get(t, productAt).shows(http.StatusOK, ">A</span>").hides("<img")
}

func TestProducts_sayWhatWasNotFound(t *testing.T) {
	w := newShop(t)
	b := w.browser()
	w.answers["GET /api/v1/products/search"] = object{"items": []any{}}
	b.get(t, "/products?q=%3Cb%3E").shows(http.StatusOK, "There is no product with “&lt;b&gt;”.", "All products")
	w.answers["GET /api/v1/products/search"] = errs.InvalidField("q", "has more than 16 words")
	b.get(t, "/products?q=a+b").shows(http.StatusUnprocessableEntity, "Use fewer words.", `aria-describedby="q-error"`, `value="a b"`)
}

func TestCart_ofGuestsIsInTheirBrowser(t *testing.T) {
	w := newShop(t)
	b := w.browser()
	b.get(t, "/cart").shows(http.StatusOK, "Your cart is empty.")
	b.post(t, productAt, "quantity", "2").leadsTo("/cart")
	b.get(t, "/cart").shows(http.StatusOK, "It is in your cart.", "Amphora &lt;b&gt;", "€2,469.00", `value="2"`, `href="/checkout"`, "You sign in", `<span class="count">2</span>`)
	b.post(t, "/products/"+lampID, "quantity", "1").leadsTo("/cart")
	b.post(t, "/cart", "product", productID, "quantity", "1").leadsTo("/cart")
	b.get(t, "/cart").shows(http.StatusOK, "€1,244.40", `src="/api/v1/lamp.svg"`)
	b.post(t, "/cart", "product", productID, "quantity", "0").leadsTo("/cart")
	b.get(t, "/cart").shows(http.StatusOK, "Lamp").hides("Amphora")
	b.post(t, "/cart", "product", lampID, "quantity", "0").leadsTo("/cart")
	if _, there := b.cookies[cartCookie]; there {
		t.Error("the browser keeps an empty cart")
	}
	if keys := w.states.Keys("web-store", ""); len(keys) > 0 {
		t.Errorf("the store has %v", keys)
	}
}

func TestCart_fitsIntoACookie(t *testing.T) {
	b := newShop(t).browser()
	for i := range domain.MaxCartItems {
		b.post(t, fmt.Sprintf("/products/0199c0de-0000-7000-8000-%012d", i+100), "quantity", "1000").leadsTo("/cart")
	}
	if size := len(b.cookies[cartCookie]); size == 0 || size > 3000 {
		t.Errorf("the cookie has %d bytes", size)
	}
	b.post(t, productAt, "quantity", "1").shows(http.StatusConflict, "no room for another one", "Amphora")
}

func TestCart_saysWhichQuantityIsWrong(t *testing.T) {
	b := newShop(t).browser()
	for _, typed := range []string{"", "x", "0", "-1", "1001", "1.5", "9999999999999999999"} {
		b.post(t, productAt, "quantity", typed).shows(http.StatusUnprocessableEntity, "Type a number from 1 to 1,000.", `value="`+typed+`"`, "Amphora")
	}
	b.post(t, productAt).shows(http.StatusUnprocessableEntity)
	b.post(t, "/products/x", "quantity", "1").shows(http.StatusNotFound)
	b.post(t, productAt, "quantity", "1").leadsTo("/cart")
	b.post(t, "/cart", "product", productID, "quantity", "many").
		shows(http.StatusUnprocessableEntity, "Type a number from 0 to 1,000.", `value="many"`, `aria-describedby="error-`+productID+`"`)
	b.post(t, "/cart").leadsTo("/cart")
	b.get(t, "/cart").shows(http.StatusOK, "That product is not in your cart any more.", `value="1"`)
}

func TestCart_ofUsersIsStored(t *testing.T) {
	w := newShop(t)
	b := w.browser().signIn(t, "ada")
	b.post(t, productAt, "quantity", "2").leadsTo("/cart")
	if _, there := b.cookies[cartCookie]; there || w.states.Value("web-store", "cart:a") == "" {
		t.Errorf("the store has %v", w.states.Keys("web-store", ""))
	}
	w.browser().signIn(t, "ada").get(t, "/").shows(http.StatusOK, `<span class="count">2</span>`)
	w.browser().signIn(t, "stan").get(t, "/cart").shows(http.StatusOK, "Your cart is empty.")
	b.post(t, "/sign-out").leadsTo("/")
	b.get(t, "/cart").shows(http.StatusOK, "Your cart is empty.")
}

func TestCart_comesAlongAtSignIn(t *testing.T) {
	w := newShop(t)
	w.browser().signIn(t, "ada").post(t, productAt, "quantity", "5").leadsTo("/cart")
	b := w.browser()
	b.post(t, productAt, "quantity", "2").leadsTo("/cart")
	b.post(t, "/products/"+lampID, "quantity", "3").leadsTo("/cart")
	guests := b.cookies[cartCookie]
	w.cutOff("get", "save")
	b.signIn(t, "ada").get(t, "/products").shows(http.StatusOK, "Ada")
	if b.cookies[cartCookie] != guests {
		t.Error("the guest's cart is lost while the store is down")
	}
	b.get(t, "/cart").shows(http.StatusServiceUnavailable)
	w.states.Before = nil
	for range 2 { // the second time, the answer to the first one was lost
		b.get(t, "/cart").shows(http.StatusOK, `value="5"`, `value="3"`, `<span class="count">8</span>`)
		if _, there := b.cookies[cartCookie]; there {
			t.Error("the browser keeps the guest's cart")
		}
		b.cookies[cartCookie] = guests
	}
}

func TestCart_isEmptyWithAForgedCookie(t *testing.T) {
	b := newShop(t).browser()
	for _, value := range []string{"x", strings.Repeat("A", 400), "e30"} {
		b.cookies[cartCookie] = value
		b.get(t, "/cart").shows(http.StatusOK, "Your cart is empty.")
	}
}

// What cannot be ordered says so in its line, and can be removed.
func TestCart_saysWhatIsInTheWay(t *testing.T) {
	w := newShop(t)
	b := w.browser()
	b.post(t, productAt, "quantity", "5").leadsTo("/cart")
	b.post(t, "/products/"+lampID, "quantity", "1").leadsTo("/cart")
	dollars := object{"id": productID, "name": "Amphora", "available": 9, "price": object{"amount": 1, "currency": "USD"}}
	for name, tt := range map[string]struct {
		answer any
		says   string
	}{
		"few":        {product, "Only 3 pieces are left."},
		"gone":       {errs.NotFound, "This is not sold any more."},
		"down":       {nil, "This part cannot be shown right now."},
		"currencies": {dollars, "prices in several currencies"},
	} {
		t.Run(name, func(t *testing.T) {
			w.answers[productOp] = tt.answer
			b.get(t, "/cart").shows(http.StatusOK, tt.says, "Lamp", "Remove").hides(`href="/checkout"`)
		})
	}
	b.post(t, "/cart", "product", productID, "quantity", "0").leadsTo("/cart")
	b.get(t, "/cart").shows(http.StatusOK, "Your cart is changed.", `href="/checkout"`)
}

func TestInternal_saysWhatIsStoredAboutAnAccount(t *testing.T) {
	_, side := sidecartest.New()
	carts := repositories.NewCarts(side)
	must.Get(carts.Update(t.Context(), lampID, func(cart *domain.Cart) error { return cart.Add(productID, 2) }))(t)
	router := web.NewRouter()
	handlers.InternalRoutes(web.NewAPI(router.PathPrefix(handlers.InternalBase).Subrouter(), "Internal", ""), carts)
	for account, want := range map[string]string{lampID: `"kind":"cart"`, productID: `"pieces":[]`} {
		answer := httptest.NewRecorder()
		router.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/internal/accounts/"+account+"/data", nil))
		if answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), want) {
			t.Errorf("%s: got %d %s", account, answer.Code, answer.Body)
		}
	}
}
