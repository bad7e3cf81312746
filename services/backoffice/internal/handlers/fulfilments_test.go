package handlers_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web/webtest"
	"stoa/services/backoffice/internal/domain"
)

const fulfilments = "/api/v1/backoffice/fulfilments"

// fulfilments returns all fulfilments that a query asks for.
func (o *office) fulfilments(t *testing.T, query string) []domain.Fulfilment {
	t.Helper()
	found, _ := all[domain.Fulfilment](t, o, fulfilments+"?"+query)
	return found
}

func TestFulfilments_queueAConfirmedOrderOnce(t *testing.T) {
	o := newOffice(t, 0)
	for range 3 {
		o.happen(t, orderID, "confirmed")
	}
	if got := o.fulfilments(t, ""); len(got) != 1 || got[0].Status != domain.Queued || got[0].Items[0].SKU != "AMP-1" {
		t.Errorf("got %+v", got)
	}
	if len(o.bus.Events()) != 0 {
		t.Errorf("unexpected commands: %v", o.bus.Types())
	}
}

// What an event costs: a place in a list (a read and a write), and the document. A confirmed order has none yet, so it is not read
// first.
func TestFulfilments_costFewCallsOfTheSidecar(t *testing.T) {
	o := newOffice(t, 0)
	for _, step := range []struct {
		what, status string
		want         int
	}{
		{"a confirmed order", "confirmed", 3},
		{"the same event again", "confirmed", 4}, // it is listed; its document cannot be created, which is looked at and read
		{"a shipped order", "shipped", 4},
		{"a delivered order", "delivered", 4},
		{"a late event", "shipped", 1},
	} {
		var calls []string
		o.states.Before = func(operation, key string) error {
			calls = append(calls, operation+" "+key)
			return nil
		}
		o.happen(t, orderID, step.status)
		if len(calls) != step.want {
			t.Errorf("%s: got %q, want %d calls", step.what, calls, step.want)
		}
	}
}

// A list is searched for an entry at most a few hundred places back, and orders are shipped and delivered days later.
func TestFulfilments_listAnOrderOnceHoweverLateItIsShipped(t *testing.T) {
	must.HaveTime(t)
	o := newOffice(t, 0)
	o.happen(t, orderID, "confirmed")
	const others = 250
	for range others {
		o.happen(t, ids.New(), "confirmed")
	}
	o.happen(t, orderID, "shipped")
	got, pages := all[domain.Fulfilment](t, o, fulfilments+"?limit=100")
	listed := len(slices.DeleteFunc(got, func(f domain.Fulfilment) bool { return f.OrderID != orderID }))
	if listed != 1 || pages < 3 {
		t.Errorf("listed %d times on %d pages, want once", listed, pages)
	}
}

// After a crash at any step of the first event of an order, the next delivery of the event lists the order.
func TestFulfilments_listAnOrderAfterACrashAtEveryStep(t *testing.T) {
	for step := range 6 {
		o := newOffice(t, 0)
		e := eventOf(t, orderID, "confirmed")
		operations := 0
		o.states.After = func(string, string) error {
			if operations++; operations > step {
				return errs.New(errs.Unavailable, "killed")
			}
			return nil
		}
		_ = o.on[e.Type](t.Context(), e)
		o.states.After = nil
		o.happen(t, orderID, "confirmed")
		if got := o.fulfilments(t, ""); len(got) != 1 {
			t.Errorf("killed after step %d: got %+v", step, got)
		}
	}
}

func TestFulfilments_doNotQueueAnOrderAfterItsCancellation(t *testing.T) {
	o := newOffice(t, 0)
	o.autoFulfil = true
	o.happen(t, orderID, "cancelled")
	o.happen(t, orderID, "confirmed")
	if got := o.fulfilments(t, ""); len(got) != 0 || len(o.bus.Events()) != 0 {
		t.Errorf("got %+v and %v", got, o.bus.Types())
	}
	o.call(t, http.MethodPost, fulfilments+"/"+orderID+"/ship").Expect(http.StatusConflict)
}

func TestFulfilments_shipByThemselvesIfTheOperatorWants(t *testing.T) {
	o := newOffice(t, 0)
	o.autoFulfil = true
	o.happen(t, orderID, "confirmed")
	o.happen(t, orderID, "confirmed")
	published := o.bus.Events()
	if len(published) != 2 || published[0].ID != published[1].ID {
		t.Fatalf("want the same command for each run, got %+v", published)
	}
	if published[0].Type != "order.ship.v1" || published[0].Topic != "order-commands" {
		t.Errorf("got %+v", published[0])
	}
	o.happen(t, orderID, "shipped")
	o.happen(t, orderID, "confirmed")
	if got := len(o.bus.Events()); got != 2 {
		t.Errorf("a shipped order must not be shipped again, got %d commands", got)
	}
}

func TestSteps_showTheirOutcome(t *testing.T) {
	o := newOffice(t, time.Minute)
	o.happen(t, orderID, "confirmed")
	// The part of the order's owner that matters here.
	o.bus.After = func(string) error {
		published := o.bus.Events()
		outcome := map[string]string{"order.ship.v1": "shipped", "order.deliver.v1": "delivered"}
		o.happen(t, orderID, outcome[published[len(published)-1].Type])
		return nil
	}
	for _, step := range []struct{ path, status string }{
		{"/ship", "shipped"}, {"/ship", "shipped"}, {"/deliver", "delivered"}, {"/deliver", "delivered"},
	} {
		f := webtest.Read[domain.Fulfilment](o.call(t, http.MethodPost, fulfilments+"/"+orderID+step.path), http.StatusOK)
		if string(f.Status) != step.status {
			t.Errorf("%s: got %s", step.path, f.Status)
		}
	}
	published := o.bus.Events()
	if len(published) != 2 {
		t.Fatalf("a step that is done needs no command, got %v", o.bus.Types())
	}
	var command struct{ OrderID, By string }
	err := json.Unmarshal(published[0].Data, &command)
	if err != nil || command.OrderID != orderID || command.By != staffID {
		t.Errorf("got %s", published[0].Data)
	}
	o.call(t, http.MethodPost, fulfilments+"/"+orderID+"/ship").Expect(http.StatusConflict)
}

func TestSteps_doNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, 2*time.Second)
		o.happen(t, orderID, "confirmed")
		ship := webtest.Request{Method: http.MethodPost, Path: fulfilments + "/" + orderID + "/ship", Token: "STAFF"}
		for prefer, wait := range map[string]time.Duration{
			"": 2 * time.Second, "respond-async": 0, "handling=strict, Respond-Async": 0,
		} {
			ship.Header = http.Header{"Prefer": {prefer}}
			began := time.Now()
			f := webtest.Read[domain.Fulfilment](o.Do(t, ship), http.StatusAccepted)
			if f.Status != domain.Queued || time.Since(began) != wait {
				t.Errorf("Prefer %q: got %s after %s", prefer, f.Status, time.Since(began))
			}
		}
	})
}

func TestSteps_conflictWithACancellationMeanwhile(t *testing.T) {
	o := newOffice(t, time.Minute)
	o.happen(t, orderID, "confirmed")
	o.bus.After = func(string) error {
		o.happen(t, orderID, "cancelled")
		return nil
	}
	o.call(t, http.MethodPost, fulfilments+"/"+orderID+"/ship").Expect(http.StatusConflict)
}

func TestSteps_refuseWhatIsImpossible(t *testing.T) {
	o := newOffice(t, 0)
	o.call(t, http.MethodPost, fulfilments+"/"+orderID+"/ship").Expect(http.StatusNotFound)
	o.call(t, http.MethodPost, fulfilments+"/x/ship").Expect(http.StatusUnprocessableEntity)
	o.happen(t, orderID, "confirmed")
	o.call(t, http.MethodPost, fulfilments+"/"+orderID+"/deliver").Expect(http.StatusConflict)
	o.bus.Before = func(string) error { return errs.New(errs.Unavailable, "down") }
	o.call(t, http.MethodPost, fulfilments+"/"+orderID+"/ship").Expect(http.StatusServiceUnavailable)
}

func TestList_showsOneStatus(t *testing.T) {
	o := newOffice(t, 0)
	shipped := ids.New()
	for _, id := range []string{ids.New(), shipped, ids.New()} {
		o.happen(t, id, "confirmed")
	}
	o.happen(t, shipped, "shipped")
	if got := o.fulfilments(t, "status=shipped&limit=1"); len(got) != 1 || got[0].OrderID != shipped {
		t.Errorf("got %+v, want %s", got, shipped)
	}
	o.call(t, http.MethodGet, fulfilments+"?status=lost").Expect(http.StatusUnprocessableEntity)
}

func TestFulfilments_expireOnceTheyAreFinished(t *testing.T) {
	o := newOffice(t, 0)
	for _, step := range []struct{ status, ttl string }{{"confirmed", ""}, {"shipped", ""}, {"delivered", "2592000"}} {
		o.happen(t, orderID, step.status)
		if got := o.states.TTL("backoffice-store", "fulfilment:"+orderID); got != step.ttl {
			t.Errorf("%s: the ttl is %q, want %q", step.status, got, step.ttl)
		}
	}
}
