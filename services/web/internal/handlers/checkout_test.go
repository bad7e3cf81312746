package handlers_test

import (
	"html"
	"io"
	"maps"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/web"
)

// orderService places orders as order-api does: one for each key.
type orderService struct {
	placed  map[string]string // the bodies, by key
	refusal error
	lost    bool // it dies before it answers
}

// newOrders is a shop with orders.
func newOrders(t *testing.T) (*world, *orderService) {
	t.Helper()
	w, orders := newShop(t), &orderService{placed: map[string]string{}}
	w.answers["POST /api/v1/orders"] = http.HandlerFunc(orders.place)
	return w, orders
}

func (o *orderService) place(w http.ResponseWriter, r *http.Request) {
	key := r.Header.Get("Idempotency-Key")
	raw, _ := io.ReadAll(r.Body) // it is in memory
	known, repeated := o.placed[key]
	switch {
	case repeated && known != string(raw):
		web.WriteError(w, r, errs.New(errs.KeyReused, "this key was used for another order"))
		return
	case !repeated && o.refusal != nil:
		web.WriteError(w, r, o.refusal)
		return
	}
	o.placed[key] = string(raw)
	if o.lost {
		web.WriteError(w, r, errs.New(errs.Unavailable, "it died"))
		return
	}
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, `{"id":"`+orderOf(key)+`","status":"pending"}`)
}

// orderOf returns the id of the order with this key.
func orderOf(key string) string { return ids.Derive("order", key) }

var hidden = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)

// fields returns the hidden fields of a page, as names and values, and the value of the field "key".
func (r *reply) fields() (form []string, key string) {
	for _, match := range hidden.FindAllStringSubmatch(r.Body.String(), -1) {
		value := html.UnescapeString(match[2])
		form = append(form, match[1], value)
		if match[1] == "key" {
			key = value
		}
	}
	return form, key
}

// checkout puts pieces of the product into the cart, and opens the checkout.
func (b *browser) checkout(t *testing.T, quantity string) (form []string, key string) {
	t.Helper()
	b.post(t, productAt, "quantity", quantity).leadsTo("/cart")
	return b.get(t, "/checkout").shows(http.StatusOK, "Order now for ").fields()
}

func TestCheckout_placesOneOrderForACart(t *testing.T) {
	w, orders := newOrders(t)
	b := w.browser().signIn(t, "ada")
	form, key := b.checkout(t, "2")
	b.get(t, "/checkout").shows(http.StatusOK, "Order now for €2,469.00", "ada@example.com", "Amphora")
	b.post(t, "/checkout", form...).leadsTo("/orders/" + orderOf(key))
	asked, body := w.last(t, "/api/v1/orders")
	want := `{"items":[{"productId":"` + productID + `","quantity":2,"unitPrice":{"amount":123450,"currency":"EUR"}}]}`
	if body != want || asked.Header.Get("Authorization") != "Bearer ada" || asked.Header.Get("Idempotency-Key") != key {
		t.Errorf("got %v %s", asked.Header, body)
	}
	b.post(t, "/checkout", form...).leadsTo("/orders/" + orderOf(key)) // the back button, and once more
	b.get(t, "/checkout").shows(http.StatusOK, "Your cart is empty.").hides("Order now")
	_, next := b.checkout(t, "2")
	if len(orders.placed) != 1 || next == key || next == "" {
		t.Errorf("%d orders; the next cart has the key %s after %s", len(orders.placed), next, key)
	}
}

func TestCheckout_survivesADoubleClick(t *testing.T) {
	w, orders := newOrders(t)
	b := w.browser().signIn(t, "ada")
	form, key := b.checkout(t, "1")
	var clicks sync.WaitGroup
	for range 8 {
		other := w.browser()
		maps.Copy(other.cookies, b.cookies)
		clicks.Go(func() {
			if got := other.post(t, "/checkout", form...); got.Header().Get("Location") != "/orders/"+orderOf(key) {
				t.Errorf("got %d %v", got.Code, got.Header())
			}
		})
	}
	clicks.Wait()
	b.get(t, "/cart").shows(http.StatusOK, "Your cart is empty.")
	if len(orders.placed) != 1 {
		t.Errorf("%d orders", len(orders.placed))
	}
}

// The order is placed, and the answer is lost. The cart is sent again.
func TestCheckout_survivesALostAnswer(t *testing.T) {
	w, orders := newOrders(t)
	b := w.browser().signIn(t, "ada")
	form, key := b.checkout(t, "1")
	orders.lost = true
	again, same := b.post(t, "/checkout", form...).shows(http.StatusServiceUnavailable, "it is placed only once", "Order now").fields()
	orders.lost = false
	if same != key {
		t.Errorf("the key was %s, and is %s", key, same)
	}
	b.post(t, "/checkout", again...).leadsTo("/orders/" + orderOf(key))
	if len(orders.placed) != 1 {
		t.Errorf("%d orders", len(orders.placed))
	}
}

// The order is placed, and the process dies before the cart is empty.
func TestCheckout_survivesACartThatIsStillFull(t *testing.T) {
	w, orders := newOrders(t)
	b := w.browser().signIn(t, "ada")
	form, key := b.checkout(t, "1")
	w.cutOff("save")
	b.post(t, "/checkout", form...).leadsTo("/orders/" + orderOf(key))
	w.states.Before = nil
	again, same := b.get(t, "/checkout").shows(http.StatusOK, "Order now").fields()
	if same != key {
		t.Errorf("the key was %s, and is %s", key, same)
	}
	form, _ = b.checkout(t, "1") // one piece more
	form, next := b.post(t, "/checkout", form...).shows(errs.KeyReused.HTTPStatus(), "This cart was ordered before", "Order now").fields()
	b.post(t, "/checkout", again...).leadsTo("/orders/" + orderOf(key)) // from an old tab: the first order
	b.get(t, "/cart").shows(http.StatusOK, `value="2"`)
	if len(orders.placed) != 1 || next == key {
		t.Errorf("%d orders; the key was %s, and is %s", len(orders.placed), key, next)
	}
	b.post(t, "/checkout", form...).leadsTo("/orders/" + orderOf(next))
	b.get(t, "/cart").shows(http.StatusOK, "Your cart is empty.")
}

// What another tab puts into the cart is not ordered, and stays.
func TestCheckout_ordersWhatItShows(t *testing.T) {
	w, _ := newOrders(t)
	b := w.browser().signIn(t, "ada")
	form, key := b.checkout(t, "1")
	b.post(t, "/products/"+lampID, "quantity", "1").leadsTo("/cart")
	b.post(t, "/checkout", form...).leadsTo("/orders/" + orderOf(key))
	if _, body := w.last(t, "/api/v1/orders"); strings.Contains(body, lampID) {
		t.Errorf("it ordered %s", body)
	}
	b.get(t, "/cart").shows(http.StatusOK, "Lamp").hides("Amphora")
}

func TestCheckout_saysWhyNothingWasOrdered(t *testing.T) {
	w, orders := newOrders(t)
	b := w.browser().signIn(t, "ada")
	form, key := b.checkout(t, "1")
	price := errs.Field{Name: "items[0].unitPrice", Problem: "is now another one"}
	for says, refusal := range map[string]error{
		"Prices have changed meanwhile":     &errs.Error{Kind: errs.Conflict, Message: "another price", Fields: []errs.Field{price}},
		"That was not possible: too many":   errs.New(errs.Conflict, "too many"),
		"That was not possible: items[0]":   errs.InvalidField("items[0].productId", "is not a product"),
		"Verify your e-mail address first.": errs.New(errs.Unverified, "verify it"),
		"Wait 1 second, and try again.":     errs.New(errs.RateLimited, "slower"),
	} {
		orders.refusal = refusal
		page := b.post(t, "/checkout", form...).shows(errs.KindOf(refusal).HTTPStatus(), says, "Order now")
		if _, same := page.fields(); same != key {
			t.Errorf("%s: the key was %s, and is %s", says, key, same)
		}
	}
	for _, sent := range [][]string{
		nil, {"key", key}, {"key", "x", "line", productID + " 1 1 EUR"}, {"key", key, "line", "x 1 1 EUR"}, {"key", key, "line", productID}, {"key", key, "line", "'; --"},
	} {
		b.post(t, "/checkout", sent...).shows(http.StatusUnprocessableEntity, "That was not possible", "Order now")
	}
	if len(orders.placed) > 0 {
		t.Errorf("%d orders", len(orders.placed))
	}
}

func TestCheckout_asksWhoOrders(t *testing.T) {
	w, orders := newOrders(t)
	b := w.browser()
	b.post(t, productAt, "quantity", "2").leadsTo("/cart")
	b.get(t, "/checkout").leadsTo("/sign-in?then=%2Fcheckout")
	b.post(t, "/sign-in", "email", "ada@example.com", "password", "opensesame", "then", "/checkout").leadsTo("/checkout")
	form, key := b.get(t, "/checkout").shows(http.StatusOK, "Order now for €2,469.00").fields()
	ada := w.people["ada"]
	delete(w.people, "ada") // her session ends elsewhere
	b.post(t, "/checkout", form...).shows(http.StatusUnauthorized, `name="kept.key" value="`+key+`"`)
	w.people["ada"] = ada
	b.signIn(t, "ada").post(t, "/checkout", append(form, "again", "yes")...).shows(http.StatusOK, "Order now")
	if len(orders.placed) > 0 {
		t.Error("it was ordered without a click")
	}
	ada.Verified = false
	w.people["ada"] = ada
	b.get(t, "/checkout").shows(http.StatusOK, "Verify your e-mail address first.").hides("Order now")
}

func TestCheckout_waitsForTheCatalogue(t *testing.T) {
	w, _ := newOrders(t)
	b := w.browser().signIn(t, "ada")
	b.checkout(t, "1")
	w.answers[productOp] = nil
	b.get(t, "/checkout").shows(http.StatusOK, "This part cannot be shown right now.").hides("Order now")
	w.answers[productOp] = errs.NotFound
	b.get(t, "/checkout").shows(http.StatusOK, "This is not sold any more.", `href="/cart"`).hides("Order now")
}
