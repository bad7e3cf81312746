package domain

import (
	"testing"
	"time"

	"stoa/pkg/common/errs"
)

var statuses = []Status{Pending, Confirmed, Shipped, Delivered, Rejected, Cancelled, Expired}

var lines = []Wanted{{ProductID: "a", Quantity: 1}}

// steps are everything that can happen to an order, by name.
var steps = map[string]func(o *Order, now time.Time) error{
	"reserve": func(o *Order, now time.Time) error { o.Reserve(lines, now); return nil },
	"reject":  func(o *Order, now time.Time) error { o.Reject("sold out", now); return nil },
	"cancel":  func(o *Order, now time.Time) error { return o.Execute(Cancel, "changed my mind", now) },
	"ship":    func(o *Order, now time.Time) error { return o.Execute(Ship, "ignored", now) },
	"deliver": func(o *Order, now time.Time) error { return o.Execute(Deliver, "ignored", now) },
}

func orderIn(s Status) Order {
	return Order{Status: s, Items: []Line{{ProductID: "a", Quantity: 1}}}
}

// The status after each step from each status; "" is a conflict. A repeated step changes nothing.
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
			err := step(&order, time.UnixMilli(1))
			first := order.UpdatedAt
			if again := step(&order, time.UnixMilli(2)); errs.KindOf(again) != errs.KindOf(err) || order.UpdatedAt != first {
				t.Errorf("%s of %s again: got %v, changed at %s", name, from, again, order.UpdatedAt)
			}
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
