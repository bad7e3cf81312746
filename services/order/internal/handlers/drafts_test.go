package handlers_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web/webtest"
	"stoa/services/order/internal/domain"
)

var errBroker = errors.New("the broker is away")

// failOnce returns a hook of the bus that calls meanwhile and then fails the first publish on a topic.
func failOnce(topic string, meanwhile func()) func(string) error {
	var failed atomic.Bool // not sync.Once: meanwhile may publish on the same topic
	return func(got string) error {
		if got != topic || !failed.CompareAndSwap(false, true) {
			return nil
		}
		if meanwhile != nil {
			meanwhile()
		}
		return errBroker
	}
}

func TestPlacement_leavesNothingWhenTheBrokerIsDown(t *testing.T) {
	for _, key := range []string{"", "key"} {
		s := newShop(t)
		s.bus.Before = failOnce("order-placed", nil)
		answer := s.place(t, key, oneApple)
		answer.ExpectProblem(503, errs.Unavailable, "")
		if answer.Header().Get("Retry-After") == "" {
			t.Error("there is no Retry-After")
		}
		s.expectStored(t, 0)
		s.placed(t, key) // the next request is not affected
		s.expectPublished(t, "order-placed order.placed.v1")
	}
}

func TestRoutes_areUnavailableWhenTheStoreIsDown(t *testing.T) {
	s := newShop(t)
	order := s.placed(t, "")
	s.states.Before = func(string, string) error { return status.Error(codes.Internal, "connection refused") }
	for name, r := range map[string]webtest.Request{
		"place":  placing("", oneApple),
		"get":    {Path: "/" + order.ID},
		"list":   {},
		"watch":  {Path: "/" + order.ID + "/events"},
		"cancel": cancelling(order.ID, "", ""),
	} {
		t.Run(name, func(t *testing.T) { s.do(t, r).ExpectProblem(503, errs.Unavailable, "") })
	}
}

// The writer of the draft dies before it publishes; the same request comes again.
func TestPlacement_publishesWhatTheWriterCouldNot(t *testing.T) {
	s := newShop(t)
	s.bus.Before = failOnce("order-placed", nil)
	s.states.Before = func(operation, _ string) error {
		if operation == "delete" {
			return status.Error(codes.Unavailable, "killed") // so it does not withdraw either
		}
		return nil
	}
	s.place(t, "key", oneApple).ExpectProblem(503, errs.Unavailable, "")
	order := s.placed(t, "key")
	s.expectStatus(t, order.ID, domain.Pending)
	s.expectPublished(t, "order-placed order.placed.v1")
}

// The event was published and handled, and only the acknowledgement was lost.
func TestPlacement_keepsAHandledOrderWhenPublishingFails(t *testing.T) {
	s := newShop(t)
	s.bus.After = failOnce("order-placed", func() { must.Do(t, s.reserve(t, s.bus.Events()[0].Subject, apple)) })
	if order := s.placed(t, ""); order.Status != domain.Pending {
		t.Errorf("got %s, want it as it was placed", order.Status)
	}
	s.expectStatus(t, s.bus.Events()[0].Subject, domain.Confirmed)
}

// While the writer fails to publish, a repeated request publishes the same draft: its customer has the order.
func TestPlacement_doesNotWithdrawAnAcceptedDraft(t *testing.T) {
	s := newShop(t)
	var repeated *webtest.Answer
	s.bus.Before = failOnce("order-placed", func() { repeated = s.place(t, "key", oneApple) })
	first := s.placed(t, "key")
	if second := orderOf(repeated, http.StatusCreated); first.ID != second.ID {
		t.Errorf("got %s and %s", first.ID, second.ID)
	}
	s.expectStatus(t, first.ID, domain.Pending)
	s.placed(t, "key")
	if got := len(s.bus.Events()); got != 1 {
		t.Errorf("published %d times: an accepted draft is not published again", got)
	}
}

// A repeated request publishes the draft, and the writer withdraws it before that is noted: neither may answer 201.
func TestPlacement_doesNotAcceptAWithdrawnDraft(t *testing.T) {
	s := newShop(t)
	s.bus.Before = failOnce("order-placed", func() {
		s.bus.Before = nil
		s.bus.After = func(string) error { // the repeated request has published: now the writer withdraws
			s.bus.After = nil
			draft, err := s.orders.Find(t.Context(), s.bus.Events()[0].Subject)
			must.Do(t, err)
			s.withdraw(t, draft)
			return nil
		}
		s.place(t, "key", oneApple).ExpectProblem(503, errs.Unavailable, "")
	})
	s.place(t, "key", oneApple).ExpectProblem(503, errs.Unavailable, "")
	s.expectStored(t, 0)
}

// The same, but a third request has written its own draft under the id by then: Accept must not mark that one.
func TestPlacement_acceptsOnlyThePublishedDraft(t *testing.T) {
	s := newShop(t)
	order := s.placed(t, "key")
	draft, err := s.orders.Find(t.Context(), order.ID)
	must.Do(t, err)
	s.withdraw(t, draft)
	s.placed(t, "key")
	if err := s.orders.Accept(t.Context(), draft); !errs.Is(err, errs.NotFound) {
		t.Errorf("accept: got %v", err)
	}
	s.withdraw(t, draft) // again
	s.expectStatus(t, order.ID, domain.Pending)
}

// withdraw withdraws a draft that is not placed.
func (s *shop) withdraw(t *testing.T, draft domain.Record) {
	t.Helper()
	if placed, err := s.orders.Withdraw(t.Context(), draft); placed || err != nil {
		t.Errorf("withdraw: got %v, %v", placed, err)
	}
}

// The caller leaves while the broker does not answer.
func TestPlacement_withdrawsWhenTheCallerHasGone(t *testing.T) {
	s := newShop(t)
	ctx, leave := context.WithCancel(t.Context())
	s.bus.Before = failOnce("order-placed", leave)
	s.Serve(ctx, httptest.NewRecorder(), request(placing("key", oneApple)))
	s.expectStored(t, 0)
}

// refused places an order that gets 503 although the broker has its event, and returns its id.
func refused(t *testing.T, s *shop, key string) string {
	t.Helper()
	s.bus.After = failOnce("order-placed", nil)
	s.place(t, key, oneApple).ExpectProblem(503, errs.Unavailable, "")
	return s.bus.Events()[0].Subject
}

// The event of a withdrawn draft is delivered: its stock goes back, and the key uses another id, so that no event about
// the old id reaches the new order.
func TestPlacement_usesAnotherIDAfterALateEvent(t *testing.T) {
	s := newShop(t)
	old := refused(t, s, "key")
	must.Do(t, s.reserve(t, old, apple))
	must.Do(t, s.reserve(t, old, apple)) // and again, after a crash
	s.expectPublished(t, "order-placed order.placed.v1", "order-updates order.expired.v1")
	s.do(t, webtest.Request{Path: "/" + old}).ExpectProblem(404, errs.NotFound, "")
	s.do(t, webtest.Request{Path: "/" + old, Token: "staff"}).ExpectProblem(404, errs.NotFound, "")
	if got := s.states.TTL(store, "order:"+old); got == "" {
		t.Error("a closed id must have a ttl")
	}

	order := s.placed(t, "key")
	if order.ID == old {
		t.Error("the new order must not have the closed id")
	}
	if again := s.placed(t, "key"); again.ID != order.ID {
		t.Error("the key must lead to the new order")
	}
	must.Do(t, s.reserve(t, order.ID, apple))
	s.expectStatus(t, order.ID, domain.Confirmed)
}

// The same, but the retry comes before the late event: one reservation, one order, decided once.
func TestPlacement_keepsARetryThatIsBeforeALateEvent(t *testing.T) {
	s := newShop(t)
	old := refused(t, s, "key")
	order := s.placed(t, "key")
	if order.ID != old {
		t.Fatal("the retry must use the same id, which is not closed")
	}
	if events := s.bus.Events(); events[0].ID == events[1].ID {
		t.Error("the broker would drop the second attempt's event as a copy of the first's")
	}
	must.Do(t, s.reserve(t, order.ID, apple))
	must.Do(t, s.reserve(t, order.ID, apple)) // inventory's answer to the second event
	s.expectStatus(t, order.ID, domain.Confirmed)
	must.Do(t, s.handle(t, "stock.rejected.v1", order.ID, map[string]any{"reason": "it is given back"}))
	s.expectStatus(t, order.ID, domain.Confirmed)
}

// The retry asks for other items than those that the late event has reserved.
func TestPlacement_rejectsARetryForOtherItems(t *testing.T) {
	s := newShop(t)
	refused(t, s, "key")
	order := orderOf(s.place(t, "key", onePear), http.StatusCreated)
	must.Do(t, s.reserve(t, order.ID, apple))
	s.expectStatus(t, order.ID, domain.Rejected)
	s.expectPublished(t, "order-placed order.placed.v1", "order-placed order.placed.v1",
		"order-updates order.expired.v1", "order-updates order.rejected.v1")
}

// The id is closed after it is read and before the draft is written.
func TestPlacement_usesAnotherIDWhenItIsClosedMeanwhile(t *testing.T) {
	s := newShop(t)
	old := refused(t, s, "key")
	s.states.Before = func(operation, _ string) error {
		if operation == "save" {
			s.states.Before = nil
			must.Do(t, s.reserve(t, old, apple))
		}
		return nil
	}
	if order := s.placed(t, "key"); order.ID == old {
		t.Error("the new order must not have the closed id")
	}
}
