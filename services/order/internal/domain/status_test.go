package domain

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"stoa/pkg/common/errs"
)

var statuses = []Status{Pending, Confirmed, Shipped, Delivered, Rejected, Cancelled, Expired}

var lines = []Wanted{{ProductID: "a", Quantity: 1}}

// steps are everything that can happen to an order, by name.
var steps = map[string]func(o *Order) error{
	"reserve": func(o *Order) error { o.Reserve(lines, time.Now()); return nil },
	"reject":  func(o *Order) error { o.Reject("sold out", time.Now()); return nil },
	"cancel":  func(o *Order) error { return o.Execute(Cancel, "changed my mind", time.Now()) },
	"ship":    func(o *Order) error { return o.Execute(Ship, "ignored", time.Now()) },
	"deliver": func(o *Order) error { return o.Execute(Deliver, "ignored", time.Now()) },
}

func orderIn(s Status) Order {
	return Order{Status: s, Items: []Line{{ProductID: "a", Quantity: 1}}}
}

// The status after each step from each status; "" is a conflict.
func TestStatus_followsEveryStep(t *testing.T) {
	want := map[string][]Status{
		// of:       pending, confirmed, shipped, delivered, rejected, cancelled, expired
		"reserve": {Confirmed, Confirmed, Shipped, Delivered, Rejected, Cancelled, Expired},
		"reject":  {Rejected, Confirmed, Shipped, Delivered, Rejected, Cancelled, Expired},
		"cancel":  {Cancelled, Cancelled, "", "", "", Cancelled, ""},
		"ship":    {"", Shipped, Shipped, Delivered, "", "", ""},
		"deliver": {"", "", Delivered, Delivered, "", "", ""},
	}
	for name, step := range steps {
		for i, from := range statuses {
			order := orderIn(from)
			err := step(&order)
			if to := want[name][i]; to == "" {
				if !errs.Is(err, errs.Conflict) || order.Status != from {
					t.Errorf("%s of %s: got %s, %v, want a conflict", name, from, order.Status, err)
				}
			} else if err != nil || order.Status != to || order.Reason == "ignored" {
				t.Errorf("%s of %s: got %s %q, %v, want %s", name, from, order.Status, order.Reason, err, to)
			}
		}
	}
}

// In any sequence of steps a status only moves forward, and a repeated step changes nothing.
func TestStatus_onlyMovesForward(t *testing.T) {
	ways := map[Status][]Status{
		Pending:   {Confirmed, Rejected, Cancelled},
		Confirmed: {Shipped, Cancelled},
		Shipped:   {Delivered},
	}
	names := []string{"reserve", "reject", "cancel", "ship", "deliver"}
	rapid.Check(t, func(t *rapid.T) {
		order := orderIn(Pending)
		for _, name := range rapid.SliceOf(rapid.SampledFrom(names)).Draw(t, "steps") {
			before := order
			err := steps[name](&order)
			if changed := order.Status != before.Status; changed && !slices.Contains(ways[before.Status], order.Status) {
				t.Fatalf("%s took it from %s to %s", name, before.Status, order.Status)
			} else if changed && err != nil {
				t.Fatalf("%s changed it and failed: %v", name, err)
			}
			after := order
			again := steps[name](&order)
			if (again == nil) != (err == nil) || order.Status != after.Status || order.UpdatedAt != after.UpdatedAt {
				t.Fatalf("%s twice: %v then %v, %s then %s", name, err, again, after.Status, order.Status)
			}
			if before.Status.Final() && order.Status != before.Status {
				t.Fatalf("%s was final and became %s", before.Status, order.Status)
			}
		}
	})
}
