package handlers_test

import (
	"net/http"
	"strings"
	"testing"

	"stoa/pkg/common/errs"
)

const (
	orderID   = "0199c0de-0000-7000-8000-0000000000a1"
	otherID   = "0199c0de-0000-7000-8000-0000000000a2"
	letterID  = "0199c0de-0000-7000-8000-0000000000b1"
	accountID = "0199c0de-0000-7000-8000-0000000000c1"
	steps     = "/api/v1/backoffice/fulfilments/"
	dead      = "/api/v1/backoffice/dead-letters"
)

// fulfilmentOf returns a fulfilment with a status.
func fulfilmentOf(id, status string) object {
	return object{
		"orderId": id, "status": status, "customer": object{"id": "a", "name": "Ada <i>", "email": "ada@example.com"}, "createdAt": "2026-03-04T05:06:07Z",
		"total": object{"amount": 2500, "currency": "EUR"},
		"items": []any{object{"productId": productID, "sku": "A-1", "name": "Amphora", "quantity": 2, "unitPrice": object{"amount": 1250, "currency": "EUR"}}},
	}
}

// backOffice is what staff work with.
func backOffice() map[string]any {
	letter := object{
		"id": letterID, "consumer": "order-worker", "topic": "orders", "reason": "there is no such order", "attempts": 10, "failedAt": "2026-03-04T05:06:07Z",
		"traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "event": object{"id": "e1", "type": "order.ship.v1", "data": object{"orderId": orderID}},
		"replays": []any{object{"eventId": "e2", "by": "d", "at": "2026-03-05T05:06:07Z"}},
	}
	placed := object{"id": orderID, "status": "confirmed", "customerId": accountID, "items": fulfilmentOf(orderID, "")["items"], "total": object{"amount": 2500, "currency": "EUR"}}
	return map[string]any{
		"GET /api/v1/backoffice/fulfilments":        object{"items": []any{fulfilmentOf(orderID, "queued"), fulfilmentOf(otherID, "queued")}, "next": "c2"},
		"POST " + steps + orderID + "/ship":         fulfilmentOf(orderID, "shipped"),
		"POST " + steps + otherID + "/ship":         fulfilmentOf(otherID, "shipped"),
		"POST " + steps + orderID + "/deliver":      fulfilmentOf(orderID, "delivered"),
		"GET " + dead:                               object{"items": []any{letter}},
		"GET " + dead + "/" + letterID:              letter,
		"POST " + dead + "/" + letterID + "/replay": letter,
		"DELETE " + dead + "/" + letterID:           object{},
		"GET /api/v1/products":                      object{"items": []any{product}},
		"GET /api/v1/orders/" + orderID:             placed,
		"GET /api/v1/orders/of-customer":            object{"items": []any{placed}, "next": "o2"},
	}
}

func TestStaff_seeWhatIsToBeDone(t *testing.T) {
	w := newWorld(t, backOffice())
	b := w.browser().signIn(t, "stan")
	b.get(t, "/staff").shows(http.StatusOK, "Ada &lt;i&gt;", "2 × Amphora", "€25.00", "order.ship.v1", "order-worker, after 10 attempts", "Amphora &lt;b&gt;")
	delete(w.answers, "GET "+dead)
	b.get(t, "/staff").shows(http.StatusOK, "Ada &lt;i&gt;", "This part cannot be shown right now.")
	w.browser().signIn(t, "ada").get(t, "/staff").shows(http.StatusForbidden)
	w.browser().get(t, "/staff").leadsTo("/sign-in?then=%2Fstaff")
	w.browser().signIn(t, "adam").get(t, "/staff").shows(http.StatusOK)
}

func TestStaff_shipManyOrdersAtOnce(t *testing.T) {
	w := newWorld(t, backOffice())
	b := w.browser().signIn(t, "stan")
	b.get(t, "/staff/orders").shows(http.StatusOK, `name="chosen" value="`+orderID+`"`, "Ship all 2 on this page", `href="/staff/orders?cursor=c2"`)
	if r, _ := w.last(t, "/api/v1/backoffice/fulfilments"); r.URL.Query().Get("status") != "queued" {
		t.Errorf("got %s", r.URL)
	}
	b.post(t, "/staff/orders", "step", "ship", "chosen", orderID, "chosen", otherID, "listed", orderID).leadsTo("/staff/orders?status=queued")
	b.get(t, "/staff/orders").shows(http.StatusOK, "Shipped. The customers get a mail.")
	w.last(t, steps+orderID+"/ship")
	w.last(t, steps+otherID+"/ship")
	b.post(t, "/staff/orders", "step", "ship", "only", orderID, "chosen", otherID).leadsTo("/staff/orders?status=queued")
	b.post(t, "/staff/orders", "step", "ship", "all", "yes", "listed", orderID, "listed", otherID).leadsTo("/staff/orders?status=queued")
	b.post(t, "/staff/orders", "step", "deliver", "only", orderID).leadsTo("/staff/orders?status=shipped")
	b.post(t, "/staff/orders", "step", "ship").leadsTo("/staff/orders?status=queued")
	b.get(t, "/staff/orders").shows(http.StatusOK, "Nothing was chosen")
	b.post(t, "/staff/orders", "step", "burn", "only", orderID).shows(http.StatusUnprocessableEntity)
}

// One that is refused, late or not there keeps no other from being shipped, and the page says what became of each.
func TestStaff_seeWhatBecameOfEach(t *testing.T) {
	w := newWorld(t, backOffice())
	const third, fourth, fifth = otherID + "3", otherID + "4", otherID + "5"
	w.answers["POST "+steps+otherID+"/ship"] = errs.New(errs.Conflict, "this order is cancelled")
	w.answers["POST "+steps+third+"/ship"] = fulfilmentOf(third, "queued")
	w.answers["POST "+steps+fourth+"/ship"] = errs.NotFound
	b := w.browser().signIn(t, "stan")
	b.post(t, "/staff/orders", "step", "ship", "chosen", orderID, "chosen", otherID, "chosen", third, "chosen", fourth, "chosen", fifth).
		shows(http.StatusOK, "Done", "this order is cancelled", "On its way", "It is not there any more.", "That does not work right now")
	many := make([]string, 0, 204)
	for range 101 {
		many = append(many, "chosen", orderID+strings.Repeat("x", len(many)/2))
	}
	b.post(t, "/staff/orders", append(many, "step", "ship")...).shows(http.StatusUnprocessableEntity)
}

// After another sign-in, what was chosen is chosen still, and nothing has been done.
func TestStaff_keepWhatTheyChose(t *testing.T) {
	w := newWorld(t, backOffice())
	b := w.browser().signIn(t, "stan")
	b.post(t, "/staff/orders", "step", "ship", "chosen", otherID, "again", "yes").shows(http.StatusOK, `value="`+otherID+`" aria-label="Choose the order of Ada &lt;i&gt;" checked`)
	b.post(t, "/staff/dead-letters", "act", "discard", "sure", "yes", "chosen", letterID, "again", "yes").shows(http.StatusOK, " checked")
	for _, asked := range w.asked {
		if asked.Method == http.MethodDelete || strings.HasSuffix(asked.URL.Path, "/ship") {
			t.Errorf("it has been done: %s %s", asked.Method, asked.URL.Path)
		}
	}
}

func TestCustomers_areFoundByNumberAndAddress(t *testing.T) {
	w := newWorld(t, backOffice())
	b := w.browser().signIn(t, "stan")
	b.get(t, "/staff/customers").shows(http.StatusOK, "Order number, or e-mail address").hides("There are no orders")
	b.get(t, "/staff/customers?q=+"+strings.ToUpper(orderID)+"+").leadsTo("/staff/orders/" + orderID)
	b.get(t, "/staff/orders/"+orderID).shows(http.StatusOK, orderID, "Confirmed", "€25.00", "/staff/customers?account="+accountID, ">Ship<")
	b.get(t, "/staff/customers?q=ada%40example.com").shows(http.StatusOK, "/staff/orders/"+orderID, "cursor=o2")
	if r, _ := w.last(t, "/api/v1/orders/of-customer"); r.URL.RawQuery != "email=ada%40example.com" {
		t.Errorf("got %s", r.URL)
	}
	b.get(t, "/staff/customers?account="+accountID).shows(http.StatusOK, "/staff/orders/"+orderID)
	b.get(t, "/staff/customers?q=ada").shows(http.StatusUnprocessableEntity, "Type the whole number of an order")
	w.answers["GET /api/v1/orders/of-customer"] = errs.Invalid
	b.get(t, "/staff/customers?q=ada%40").shows(http.StatusUnprocessableEntity, "Type the whole number of an order", `value="ada@"`)
	w.answers["GET /api/v1/orders/of-customer"] = errs.NotFound
	b.get(t, "/staff/customers?q=bo%40example.com").shows(http.StatusOK, "There are no orders of this customer.")
	delete(w.answers, "GET /api/v1/orders/of-customer")
	b.get(t, "/staff/customers?q=bo%40example.com").shows(http.StatusServiceUnavailable, "That does not work right now", `value="bo@example.com"`)
	w.answers["GET /api/v1/orders/x"] = errs.Invalid
	b.get(t, "/staff/orders/x").shows(http.StatusNotFound)
}

func TestDeadLetters_areReplayedOrDiscarded(t *testing.T) {
	w := newWorld(t, backOffice())
	b := w.browser().signIn(t, "stan")
	b.get(t, "/staff/dead-letters").shows(http.StatusOK, "there is no such order", `value="`+letterID+`"`)
	b.get(t, "/staff/dead-letters/"+letterID).shows(http.StatusOK, "4bf92f3577b34da6a3ce929d0e0e4736", "&#34;orderId&#34;: &#34;"+orderID, "by you", "there is no such order")
	b.post(t, "/staff/dead-letters", "act", "replay", "chosen", letterID).leadsTo("/staff/dead-letters")
	b.get(t, "/staff/dead-letters").shows(http.StatusOK, "Published again.")
	asked := len(w.asked)
	b.post(t, "/staff/dead-letters", "act", "discard", "chosen", letterID).shows(http.StatusOK, "1 dead letter is deleted", `value="`+letterID+`"`)
	for _, r := range w.asked[asked:] {
		if r.Method == http.MethodDelete {
			t.Error("it is discarded before anybody is sure")
		}
	}
	b.post(t, "/staff/dead-letters", "act", "discard", "sure", "yes", "chosen", letterID).leadsTo("/staff/dead-letters")
	w.last(t, dead+"/"+letterID)
	w.answers["DELETE "+dead+"/"+letterID] = errs.NotFound // somebody else was faster
	b.post(t, "/staff/dead-letters", "act", "discard", "sure", "yes", "chosen", letterID).leadsTo("/staff/dead-letters")
	b.post(t, "/staff/dead-letters", "act", "discard").leadsTo("/staff/dead-letters")
	b.post(t, "/staff/dead-letters", "act", "keep", "chosen", letterID).shows(http.StatusUnprocessableEntity)
	w.browser().signIn(t, "ada").post(t, "/staff/dead-letters", "act", "replay", "chosen", letterID).shows(http.StatusForbidden)
}
