package handlers_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"stoa/api/events"
	"stoa/pkg/common/errs"
	"stoa/pkg/messaging"
)

// registered is the event that alice signed up.
func registered(t *testing.T) messaging.Event {
	t.Helper()
	e, err := messaging.New("account.registered.v1", aliceID, map[string]any{
		"id": aliceID, "email": "alice@example.com", "name": "Alice", "at": time.Now().UTC(), "verified": true,
	})
	if err == nil {
		err = events.Check(e.Type, e.Data)
	}
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// The process may die before or after any step. The next delivery of the event completes the work.
func TestRegistered_givesOneFirstItemAfterAnyCrash(t *testing.T) {
	crash := errors.New("crash")
	for _, after := range []bool{false, true} {
		for n, steps := 1, 1; n <= steps; n++ {
			w, e := newWorld(t), registered(t)
			steps = 0
			step := func() error {
				if steps++; steps < n {
					return nil
				}
				return crash
			}
			onState, onTopic := func(string, string) error { return step() }, func(string) error { return step() }
			if after {
				w.states.After, w.bus.After = onState, onTopic
			} else {
				w.states.Before, w.bus.Before = onState, onTopic
			}
			_ = w.on[e.Type](t.Context(), e)
			w.states.Before, w.states.After, w.bus.Before, w.bus.After = nil, nil, nil, nil
			for range 2 {
				if err := w.on[e.Type](t.Context(), e); err != nil {
					t.Fatalf("step %d, after it: %t: %v", n, after, err)
				}
			}
			if names := w.list(t, "alice"); !slices.Equal(names, []string{"Welcome"}) {
				t.Errorf("step %d, after it: %t: the list is %v", n, after, names)
			}
			for _, published := range w.bus.Events() {
				if published.ID != w.bus.Events()[0].ID {
					t.Errorf("step %d, after it: %t: published %+v", n, after, w.bus.Events())
				}
			}
		}
	}
}

func TestRegistered_isInvalidIfUnreadable(t *testing.T) {
	w := newWorld(t)
	for _, data := range []string{`{"id": 5}`, `[]`, `{}`, `{"id": "nobody"}`} {
		e := messaging.Event{Type: "account.registered.v1", Data: json.RawMessage(data)}
		if err := w.on[e.Type](t.Context(), e); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: got %v, want invalid", data, err)
		}
	}
}
