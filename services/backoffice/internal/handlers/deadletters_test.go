package handlers_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web/webtest"
	"stoa/pkg/messaging"
	"stoa/services/backoffice/internal/domain"
)

const deadLetters = "/api/v1/backoffice/dead-letters"

// letter is what the kit publishes about an event that notification could not handle.
func letter(t *testing.T) messaging.DeadLetter {
	t.Helper()
	failed := must.Get(messaging.New("order.confirmed.v1", orderID, order(orderID, "confirmed"), ids.New()))(t)
	return messaging.DeadLetter{
		ID: ids.New(), Consumer: "notification", Topic: "order-confirmed", Reason: "no address", Attempts: 10,
		FailedAt: time.Now().UTC(), TraceID: "0af7651916cd43dd8448eb211c80319c", Event: failed,
	}
}

func (o *office) receive(t *testing.T, l messaging.DeadLetter) {
	t.Helper()
	o.handle(t, newEvent(t, messaging.DeadLetterType, l.Event.Subject, l))
}

// get returns a stored letter.
func (o *office) get(t *testing.T, id string) domain.DeadLetter {
	t.Helper()
	return webtest.Read[domain.DeadLetter](o.call(t, http.MethodGet, deadLetters+"/"+id), http.StatusOK)
}

func TestDeadLetters_areStoredUntilTheyAreDeleted(t *testing.T) {
	o, l := newOffice(t, 0), letter(t)
	o.receive(t, l)
	o.receive(t, l)
	listed, _ := all[domain.DeadLetter](t, o, deadLetters+"?")
	one := o.get(t, l.ID)
	same := one.Reason == l.Reason && one.Event.ID == l.Event.ID && string(one.Event.Data) == string(l.Event.Data)
	if len(listed) != 1 || !same {
		t.Errorf("got %+v of %d", one, len(listed))
	}
	o.call(t, http.MethodDelete, deadLetters+"/"+l.ID).Expect(http.StatusNoContent)
	for path, method := range map[string]string{"": http.MethodGet, "/replay": http.MethodPost} {
		o.call(t, method, deadLetters+"/"+l.ID+path).Expect(http.StatusNotFound)
	}
	o.call(t, http.MethodDelete, deadLetters+"/"+l.ID).Expect(http.StatusNotFound)
	if listed, _ := all[domain.DeadLetter](t, o, deadLetters+"?"); len(listed) != 0 {
		t.Errorf("a deleted letter is listed: %+v", listed)
	}
}

// While two builds run side by side, the later one stores what only it can read.
func TestDeadLetters_ofALaterFormWaitForItsBuild(t *testing.T) {
	o := newOffice(t, 0)
	e := messaging.Event{ID: ids.New(), Type: messaging.DeadLetterType, Data: json.RawMessage(`{"form":2,"id":"` + ids.New() + `"}`)}
	if err := o.on[e.Type](t.Context(), e); !errs.Is(err, errs.Unavailable) {
		t.Errorf("got %v, want unavailable", err)
	}
	if listed, _ := all[domain.DeadLetter](t, o, deadLetters+"?"); len(listed) != 0 {
		t.Errorf("stored is %+v", listed)
	}
}

func TestReplay_publishesTheEventUnderANewID(t *testing.T) {
	o, l := newOffice(t, 0), letter(t)
	o.receive(t, l)
	for range 2 {
		o.call(t, http.MethodPost, deadLetters+"/"+l.ID+"/replay").Expect(http.StatusOK)
	}
	published, after := o.bus.Events(), o.get(t, l.ID)
	if len(published) != 2 || len(after.Replays) != 2 || after.Replays[0].By != staffID {
		t.Fatalf("got %d events, history %+v", len(published), after.Replays)
	}
	seen := map[string]bool{l.Event.ID: true}
	for i, e := range published {
		if seen[e.ID] || e.ID != after.Replays[i].EventID {
			t.Errorf("replay %d has the id %s, history %+v", i, e.ID, after.Replays)
		}
		seen[e.ID] = true
		if e.Topic != l.Topic || e.Type != l.Event.Type || e.Subject != orderID || string(e.Data) != string(l.Event.Data) {
			t.Errorf("got %+v", e)
		}
	}
}

// The caller does not know whether the event was published, and asks again: consumers must handle it once.
func TestReplay_thatFailedHalfwayIsTheSameReplay(t *testing.T) {
	o, l := newOffice(t, 0), letter(t)
	o.receive(t, l)
	o.states.Before = func(operation, _ string) error {
		if operation == "save" {
			return errors.New("crash")
		}
		return nil
	}
	o.call(t, http.MethodPost, deadLetters+"/"+l.ID+"/replay").Expect(http.StatusServiceUnavailable)
	o.states.Before = nil
	o.call(t, http.MethodPost, deadLetters+"/"+l.ID+"/replay").Expect(http.StatusOK)
	if published := o.bus.Events(); len(published) != 2 || published[0].ID != published[1].ID {
		t.Errorf("got %+v", published)
	}
}

func TestReplay_isNotNotedWhenTheBrokerRefuses(t *testing.T) {
	o, l := newOffice(t, 0), letter(t)
	o.receive(t, l)
	o.bus.Before = func(string) error { return errors.New("down") }
	o.call(t, http.MethodPost, deadLetters+"/"+l.ID+"/replay").Expect(http.StatusServiceUnavailable)
	if after := o.get(t, l.ID); len(after.Replays) != 0 {
		t.Errorf("got %+v", after.Replays)
	}
}

// A failure here would publish a dead letter, which would come back here.
func TestDeadLetters_makeNoDeadLetters(t *testing.T) {
	o := newOffice(t, 0)
	for i, data := range []string{`{}`, `[]`, `{"id":5}`, `{"id":"letter 1"}`, `{"id":"a||b"}`, `not JSON`} {
		o.handle(t, messaging.Event{ID: fmt.Sprintf("%d||1", i), Type: messaging.DeadLetterType, Data: json.RawMessage(data)})
	}
	letters, _ := all[domain.DeadLetter](t, o, deadLetters+"?")
	if len(letters) != 6 {
		t.Errorf("of 6 events these are shown: %+v", letters)
	}
	for _, l := range letters {
		o.get(t, l.ID)
		o.call(t, http.MethodPost, deadLetters+"/"+l.ID+"/replay").Expect(http.StatusConflict)
		o.call(t, http.MethodDelete, deadLetters+"/"+l.ID).Expect(http.StatusNoContent)
	}
	o.states.Before = func(string, string) error { return errors.New("anything at all") }
	e := messaging.Event{ID: "e", Type: messaging.DeadLetterType, Data: json.RawMessage(`{"id":"l"}`)}
	if err := o.on[e.Type](t.Context(), e); !errs.Is(err, errs.Unavailable) {
		t.Errorf("got %v, want unavailable: it stays with the broker", err)
	}
}
