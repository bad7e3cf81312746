package handlers_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web/webtest"
	"stoa/services/order/internal/domain"
)

func TestCancel_isOnlyForTheCustomer(t *testing.T) {
	s := newShop(t)
	order := s.placed(t, "")
	for _, token := range []string{"bob", "staff"} {
		s.do(t, cancelling(order.ID, token, "")).ExpectProblem(404, errs.NotFound, "")
	}
	s.expectPublished(t, "order-placed order.placed.v1")
}

func cancelling(id, token, prefer string) webtest.Request {
	header := http.Header{"Prefer": {prefer}}
	return webtest.Request{Method: http.MethodPost, Path: "/" + id + "/cancel", Token: token, Header: header}
}

// cancelled cancels an order; the worker gets the command after a while, and these steps happen in the meantime.
func cancelled(
	t *testing.T, s *shop, id, prefer string, while time.Duration, meanwhile ...string,
) *webtest.Answer {
	done := make(chan struct{})
	s.bus.After = func(topic string) error {
		if topic == "order-commands" {
			go func() {
				defer close(done)
				time.Sleep(while)
				for _, step := range append(meanwhile, "cancel") {
					must.Do(t, steps[step](t, s, id))
				}
			}()
		}
		return nil
	}
	answer := s.do(t, cancelling(id, "", prefer))
	<-done
	return answer
}

func TestCancel_waitsForTheOutcome(t *testing.T) {
	tests := map[string]struct {
		prefer    string
		worker    time.Duration
		meanwhile []string
		status    int
		shown     domain.Status
		took      time.Duration
	}{
		"done at once":       {"", 0, nil, 200, domain.Cancelled, 200 * time.Millisecond},
		"done soon":          {"", time.Second, nil, 200, domain.Cancelled, 2 * time.Second},
		"confirmed before":   {"", time.Second, []string{"reserve"}, 200, domain.Cancelled, 2 * time.Second},
		"not yet":            {"", time.Minute, nil, 202, domain.Pending, time.Minute},
		"shipped meanwhile":  {"", time.Second, []string{"reserve", "ship"}, 409, "", 2 * time.Second},
		"rejected meanwhile": {"", time.Second, []string{"reject"}, 409, "", 2 * time.Second},
		"not waited for":     {"handling=strict, Respond-Async; x=1", 0, nil, 202, domain.Pending, time.Millisecond},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, began := newShop(t), time.Now()
				answer := cancelled(t, s, s.placed(t, "").ID, tt.prefer, tt.worker, tt.meanwhile...)
				if took := time.Since(began); took > tt.took {
					t.Errorf("it took %s", took)
				}
				if tt.shown == "" {
					answer.ExpectProblem(tt.status, errs.Conflict, "")
				} else if order := orderOf(answer, tt.status); order.Status != tt.shown {
					t.Errorf("got %s, want %s", order.Status, tt.shown)
				}
				if applied := answer.Header().Get("Preference-Applied") != ""; applied != (tt.prefer != "") {
					t.Error("Preference-Applied must be there only if the preference was applied")
				}
			})
		})
	}
}

// People learn within three seconds that something is down.
func TestCancel_waitsNoLongerForAStoreThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t)
		id, began := s.placed(t, "").ID, time.Now()
		s.states.Before = func(string, string) error {
			if time.Since(began) > 1500*time.Millisecond {
				time.Sleep(2 * time.Second)
			}
			return nil
		}
		orderOf(s.do(t, cancelling(id, "", "")), http.StatusAccepted)
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("it took %s", took)
		}
		time.Sleep(2 * time.Second) // until the read has ended, for which others could wait
	})
}

func TestCancel_answersForDecidedOrders(t *testing.T) {
	s := newShop(t)
	order := s.placed(t, "")
	cancel := cancelling(order.ID, "", "")
	s.bus.Before = func(string) error { return errBroker }
	s.do(t, cancel).ExpectProblem(503, errs.Unavailable, "")
	s.bus.Before = nil
	must.Do(t, s.command(t, "cancel", order.ID))
	if got := orderOf(s.do(t, cancel), http.StatusOK); got.Status != domain.Cancelled || got.Reason == "" {
		t.Errorf("got %+v", got)
	}
	rejected := s.placed(t, "")
	must.Do(t, steps["reject"](t, s, rejected.ID))
	s.do(t, cancelling(rejected.ID, "", "")).ExpectProblem(409, errs.Conflict, "")
}
