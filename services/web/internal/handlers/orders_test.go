package handlers_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"stoa/pkg/common/errs"
)

const (
	adasOrder   = "0199c0de-0000-7000-8000-0000000000aa"
	adasOrderOp = "/api/v1/orders/" + adasOrder
)

// orderWith returns an order of Ada with this status.
func orderWith(status, reason string) object {
	return object{
		"id": adasOrder, "status": status, "reason": reason, "customerId": "a", "createdAt": "2026-03-04T05:06:07Z", "updatedAt": "2026-03-04T06:06:07Z",
		"total": object{"amount": 2970, "currency": "EUR"},
		"items": []any{object{"productId": lampID, "name": "Lamp <1>", "sku": "L-1", "quantity": 3, "unitPrice": object{"amount": 990, "currency": "EUR"}}},
	}
}

func TestOrders_areListed(t *testing.T) {
	w := newShop(t)
	b := w.browser()
	b.get(t, "/orders").leadsTo("/sign-in?then=%2Forders")
	b.signIn(t, "ada")
	w.answers["GET /api/v1/orders"] = object{"items": []any{}}
	b.get(t, "/orders").shows(http.StatusOK, "You have not ordered anything yet.", `href="/products"`)
	w.answers["GET /api/v1/orders"] = object{"items": []any{orderWith("shipped", "")}, "next": "1.2"}
	b.get(t, "/orders").shows(http.StatusOK, `href="/orders/`+adasOrder+`"`, "Shipped", "3 pieces", "€29.70", "Lamp &lt;1&gt;", `href="/orders?cursor=1.2"`)
	if asked, _ := w.last(t, "/api/v1/orders"); asked.Header.Get("Authorization") != "Bearer ada" {
		t.Errorf("got %v", asked.Header)
	}
}

func TestOrder_saysHowFarItIs(t *testing.T) {
	w := newShop(t)
	b := w.browser().signIn(t, "ada")
	const follows, cancels = "hx-sse:connect", `/cancel"`
	for status, tt := range map[string]struct {
		says  string
		has   []string
		lacks []string
	}{
		"pending":   {"We are reserving your pieces.", []string{follows, cancels, `aria-current="step">Placed`}, nil},
		"confirmed": {"Your pieces are reserved.", []string{follows, cancels, `aria-current="step">Confirmed`}, nil},
		"shipped":   {"Your order is on its way.", []string{follows, `aria-current="step">Shipped`}, []string{cancels}},
		"delivered": {"Your order has arrived.", []string{`aria-current="step">Delivered`}, []string{follows, cancels}},
		"rejected":  {"We could not fulfil this order.", []string{"Why: the shelf is empty."}, []string{follows, cancels, "<ol"}},
		"cancelled": {"This order was cancelled.", []string{"Why: the shelf is empty."}, []string{follows, cancels, "<ol"}},
	} {
		reason := ""
		if len(tt.lacks) == 3 {
			reason = "the shelf is empty"
		}
		w.answers["GET "+adasOrderOp] = orderWith(status, reason)
		page := b.get(t, "/orders/"+adasOrder).shows(http.StatusOK, tt.says, adasOrder, "Lamp &lt;1&gt;", "3 × €9.90", "€29.70")
		page.shows(http.StatusOK, tt.has...).hides(tt.lacks...)
	}
	w.answers["GET "+adasOrderOp] = orderWith("confirmed", "")
	w.browser().signIn(t, "stan").get(t, "/orders/"+adasOrder).shows(http.StatusOK).hides(cancels) // it is Ada's
	w.answers["GET "+adasOrderOp] = errs.NotFound
	b.get(t, "/orders/"+adasOrder).shows(http.StatusNotFound)
	w.answers["GET /api/v1/orders/x"] = errs.Invalid
	b.get(t, "/orders/x").shows(http.StatusNotFound)
}

// The stream of a final order ends for good: otherwise the browser would ask again for ever.
func TestOrder_isFollowed(t *testing.T) {
	w := newShop(t)
	w.answers["GET "+adasOrderOp+"/events"] = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for _, status := range []string{"pending", "confirmed", "cancelled"} {
			_, _ = fmt.Fprintf(w, "event: order\nid: %s\ndata: {\"id\":%q,\"status\":%q}\n\n", status, adasOrder, status)
		}
	})
	b := w.browser().signIn(t, "ada")
	b.header.Set("Accept", "text/event-stream")
	answer := b.get(t, "/orders/"+adasOrder+"/live")
	events := strings.Split(strings.TrimSpace(answer.Body.String()), "\n\n")
	if answer.Code != http.StatusOK || len(events) != 4 || events[3] != "event: end" {
		t.Fatalf("got %d %q", answer.Code, events)
	}
	for i, says := range []string{"We are reserving", "Your pieces are reserved", "This order was cancelled"} {
		if !strings.Contains(events[i], says) || strings.Contains(events[i], "event:") {
			t.Errorf("event %d: got %s", i, events[i])
		}
	}
	w.answers["GET "+adasOrderOp+"/events"] = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "data: {\"status\":\"pending\"}\n\n")
	})
	if body := b.get(t, "/orders/"+adasOrder+"/live").Body.String(); strings.Contains(body, "event: end") {
		t.Errorf("a stream that broke off: got %s", body)
	}
	w.answers["GET "+adasOrderOp+"/events"] = errs.NotFound
	if answer := b.get(t, "/orders/"+adasOrder+"/live"); answer.Code != http.StatusNotFound || answer.Body.Len() > 0 {
		t.Errorf("nobody's order: got %d %s", answer.Code, answer.Body)
	}
}

func TestOrder_isCancelled(t *testing.T) {
	w := newShop(t)
	b := w.browser().signIn(t, "ada")
	w.answers["GET "+adasOrderOp] = orderWith("confirmed", "")
	b.get(t, "/orders/"+adasOrder+"/cancel").shows(http.StatusOK, "Yes, cancel it", "Keep the order", "Lamp")
	w.answers["POST "+adasOrderOp+"/cancel"] = orderWith("confirmed", "") // it takes a while
	b.post(t, "/orders/"+adasOrder+"/cancel").leadsTo("/orders/" + adasOrder)
	b.get(t, "/orders/"+adasOrder).shows(http.StatusOK, "We are cancelling your order.")
	w.answers["POST "+adasOrderOp+"/cancel"] = orderWith("cancelled", "")
	b.post(t, "/orders/"+adasOrder+"/cancel").leadsTo("/orders/" + adasOrder)
	b.get(t, "/orders/"+adasOrder).shows(http.StatusOK, "Your order is cancelled.")
	b.post(t, "/orders/"+adasOrder+"/cancel", "again", "yes").shows(http.StatusOK, "Yes, cancel it")

	w.answers["POST "+adasOrderOp+"/cancel"] = errs.Unavailable
	b.post(t, "/orders/"+adasOrder+"/cancel").shows(http.StatusServiceUnavailable, "nothing was changed", "Yes, cancel it")
	w.answers["GET "+adasOrderOp] = orderWith("shipped", "")
	w.answers["POST "+adasOrderOp+"/cancel"] = errs.Conflict
	b.post(t, "/orders/"+adasOrder+"/cancel").shows(http.StatusConflict, "This order cannot be cancelled any more.").hides("Yes, cancel it")
	w.answers["POST "+adasOrderOp+"/cancel"] = errs.NotFound
	b.post(t, "/orders/"+adasOrder+"/cancel").shows(http.StatusNotFound)
}

func TestOrder_isPutIntoTheCartAgain(t *testing.T) {
	w := newShop(t)
	b := w.browser().signIn(t, "ada")
	w.answers["GET "+adasOrderOp] = orderWith("rejected", "the shelf is empty")
	b.get(t, "/orders/"+adasOrder).shows(http.StatusOK, "Put these into the cart again")
	for range 2 {
		b.post(t, "/orders/"+adasOrder+"/again").leadsTo("/cart")
		b.get(t, "/cart").shows(http.StatusOK, "They are in your cart.", "Lamp", `value="3"`)
	}
	b.get(t, "/orders/"+adasOrder+"/again").leadsTo("/orders/" + adasOrder)
	w.answers["GET "+adasOrderOp] = errs.NotFound
	b.post(t, "/orders/"+adasOrder+"/again").shows(http.StatusNotFound)
}

// No page of the shop needs what the policy forbids, and only what is the same for all guests may be kept.
func TestShop_isFitForBrowsers(t *testing.T) {
	w, _ := newOrders(t)
	w.answers["GET /api/v1/orders"] = object{"items": []any{orderWith("shipped", "")}}
	w.answers["GET "+adasOrderOp] = orderWith("confirmed", "")
	b := w.browser().signIn(t, "ada")
	b.post(t, "/products/"+lampID, "quantity", "2").leadsTo("/cart")
	for _, path := range []string{"/products/" + lampID, "/cart", "/checkout", "/orders", "/orders/" + adasOrder, "/orders/" + adasOrder + "/cancel"} {
		page := b.get(t, path).shows(http.StatusOK)
		page.hides("<style", " style=", " onclick=", "hx-on", "javascript:", "ZgotmplZ", "http://")
		if kept := page.Header().Get("Cache-Control"); kept != "private, no-store" || page.Body.Len() > 20<<10 {
			t.Errorf("%s: %d bytes, %s", path, page.Body.Len(), kept)
		}
	}
}
