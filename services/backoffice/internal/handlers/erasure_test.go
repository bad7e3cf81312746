package handlers_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web/webtest"
	"stoa/pkg/messaging"
	"stoa/services/backoffice/internal/domain"
)

const customerID = "0198c6a0-0000-7000-8000-000000000003"

func anonymised(t *testing.T, id, status string) messaging.Event {
	t.Helper()
	o := order(id, status)
	o.Customer = domain.Customer{ID: customerID}
	return newEvent(t, "order.anonymised.v1", id, o)
}

func (o *office) erase(t *testing.T) {
	t.Helper()
	e := newEvent(t, "account.deleted.v1", customerID, map[string]any{"id": customerID, "at": time.Now().UTC(), "posts": "keep"})
	must.Do(t, o.on[e.Type](t.Context(), e))
}

// expectNobody fails the test if the store tells who the customer is.
func (o *office) expectNobody(t *testing.T) {
	t.Helper()
	for _, key := range o.states.Keys("backoffice-store", "") {
		if value := o.states.Value("backoffice-store", key); strings.Contains(value, "a@example.com") || strings.Contains(value, "Ada") {
			t.Errorf("%s still has the customer: %s", key, value)
		}
	}
}

// The events of an order come in any order, each twice.
func TestErasure_isNotUndoneByLateEvents(t *testing.T) {
	confirmed := newEvent(t, "order.confirmed.v1", orderID, order(orderID, "confirmed"))
	shipped := newEvent(t, "order.shipped.v1", orderID, order(orderID, "shipped"))
	gone := anonymised(t, orderID, "shipped")
	for i, events := range [][]messaging.Event{{confirmed, shipped, gone}, {gone, confirmed, shipped}, {confirmed, gone, shipped}, {shipped, gone, confirmed}} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			o := newOffice(t, time.Second)
			for range 2 {
				for _, e := range events {
					must.Do(t, o.on[e.Type](t.Context(), e))
				}
			}
			o.expectNobody(t)
			found := o.fulfilments(t, "status=shipped")
			if len(found) != 1 || found[0].Customer.ID != customerID || len(found[0].Items) != 1 || !found[0].Anonymous {
				t.Errorf("got %+v", found)
			}
		})
	}
}

func TestErasure_ofAnOrderThatIsNotConfirmedShowsNothing(t *testing.T) {
	o := newOffice(t, time.Second)
	e := anonymised(t, orderID, "rejected")
	must.Do(t, o.on[e.Type](t.Context(), e))
	if found := o.fulfilments(t, ""); len(found) != 0 {
		t.Errorf("got %+v", found)
	}
	if ttl := o.states.TTL("backoffice-store", "fulfilment:"+orderID); ttl != "2592000" {
		t.Errorf("it expires after %q seconds", ttl)
	}
}

// A dead letter has the whole event, and what a mail server replied.
func TestErasure_takesThePersonFromDeadLetters(t *testing.T) {
	about := func(t *testing.T) messaging.DeadLetter {
		l := letter(t)
		l.ID, l.Reason = ids.New(), "550 <a@example.com>: user unknown"
		l.Event = newEvent(t, "order.shipped.v1", orderID, order(orderID, "shipped"))
		return l
	}
	for name, run := range map[string]func(o *office, l messaging.DeadLetter){
		"that are there": func(o *office, l messaging.DeadLetter) { o.receive(t, l); o.erase(t) },
		"that are late":  func(o *office, l messaging.DeadLetter) { o.erase(t); o.receive(t, l) },
		"that are stored meanwhile": func(o *office, l messaging.DeadLetter) {
			erased := false
			o.states.Before = func(operation, key string) error {
				if operation == "save" && strings.HasPrefix(key, "dead-letter:") && !erased {
					erased = true
					o.erase(t)
				}
				return nil
			}
			o.receive(t, l)
		},
	} {
		t.Run(name, func(t *testing.T) {
			o, l := newOffice(t, time.Second), about(t)
			run(o, l)
			o.states.Before = nil
			o.expectNobody(t)
			if got := o.get(t, l.ID); !strings.Contains(string(got.Event.Data), "Amphora") {
				t.Errorf("the letter lost more than the person: %s", got.Event.Data)
			}
		})
	}
}

func TestInternal_listsWhatIsStoredAboutACustomer(t *testing.T) {
	o := newOffice(t, time.Second)
	e := newEvent(t, "order.confirmed.v1", orderID, order(orderID, "confirmed"))
	must.Do(t, o.on[e.Type](t.Context(), e))
	l := letter(t)
	l.Event = must.Get(messaging.New("comment.added.v1", orderID, map[string]any{"id": orderID, "recipients": []any{
		order(orderID, "shipped").Customer, map[string]string{"id": ids.New(), "name": "Ben", "email": "ben@example.com"},
	}}))(t)
	o.receive(t, l)
	kinds, all := "", ""
	for cursor, more := "", true; more; more = cursor != "" {
		page := webtest.Read[struct {
			Pieces []struct {
				Kind string
				Data map[string]any
			}
			Next string
		}](o.Do(t, webtest.Request{Path: "/internal/accounts/" + customerID + "/data?cursor=" + strings.ReplaceAll(cursor, " ", "%20")}), http.StatusOK)
		for _, piece := range page.Pieces {
			kinds, all = kinds+piece.Kind+" ", all+fmt.Sprintln(piece.Data)
		}
		cursor = page.Next
	}
	if kinds != "fulfilment dead-letter " {
		t.Errorf("got %s", kinds)
	}
	if !strings.Contains(all, "a@example.com") || strings.Contains(all, "Ben") || strings.Contains(all, "ben@example.com") {
		t.Errorf("it has others: %s", all)
	}
}
