package handlers_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web/webtest"
	"stoa/pkg/messaging"
)

// shippedLetter is a dead letter with the event of an order.
func shippedLetter(t *testing.T) messaging.DeadLetter {
	t.Helper()
	l := letter(t)
	l.ID, l.Reason = ids.New(), "550 <a@example.com>: user unknown"
	l.Event = newEvent(t, "order.shipped.v1", orderID, order(orderID, "shipped"))
	return l
}

// A defect has set many events aside, and the store is so slow that no run comes to the end of them. The next one goes on.
func TestErasure_comesToItsEndHoweverManyLettersThereAre(t *testing.T) {
	must.HaveTime(t)
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, time.Second)
		for range 500 {
			o.receive(t, shippedLetter(t))
		}
		o.states.Before = func(string, string) error {
			time.Sleep(10 * time.Millisecond)
			return nil
		}
		e := newEvent(t, "account.deleted.v1", customerID, map[string]any{"id": customerID, "at": time.Now().UTC(), "posts": "keep"})
		erased := false
		for range 20 {
			ctx, cancel := context.WithTimeout(t.Context(), 7*time.Second)
			erased = erased || o.on[e.Type](ctx, e) == nil
			cancel()
		}
		if !erased {
			t.Error("the event is never acknowledged")
		}
		o.expectNobody(t)
	})
}

// An archive asks for one page after the other, and stores each.
func TestInternal_findsTheFewOfACustomerOnFewPages(t *testing.T) {
	must.HaveTime(t)
	o := newOffice(t, time.Second)
	fulfil := func(customer string) messaging.Event {
		bought := order(ids.New(), "confirmed")
		bought.Customer.ID = customer
		e := newEvent(t, "order.confirmed.v1", bought.ID, bought)
		o.handle(t, e)
		return e
	}
	stranger := ids.New()
	fulfil(customerID)
	o.receive(t, shippedLetter(t))
	for range 500 {
		l := letter(t)
		l.Event = fulfil(stranger)
		o.receive(t, l)
	}
	fulfil(customerID)
	pieces, pages := 0, 0
	for cursor, more := "", true; more; more = cursor != "" {
		page := webtest.Read[struct {
			Pieces []json.RawMessage
			Next   string
		}](o.Do(t, webtest.Request{Path: "/internal/accounts/" + customerID + "/data?cursor=" + url.QueryEscape(cursor)}), http.StatusOK)
		pieces, pages, cursor = pieces+len(page.Pieces), pages+1, page.Next
	}
	if pieces != 3 || pages > 6 {
		t.Errorf("%d pieces on %d pages", pieces, pages)
	}
}
