package domain_test

import (
	"testing"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/services/backoffice/internal/domain"
)

// lines are the lines of an order, which must have some.
var lines = []domain.Line{{ProductID: "p", Quantity: 1}}

func TestFulfilment_onlyMovesForward(t *testing.T) {
	for name, tt := range map[string]struct {
		events []string
		want   domain.Status
	}{
		"in order":                         {[]string{"confirmed", "shipped", "delivered"}, domain.Delivered},
		"shipped overtakes":                {[]string{"shipped", "confirmed"}, domain.Shipped},
		"delivered overtakes everything":   {[]string{"delivered", "confirmed", "shipped"}, domain.Delivered},
		"cancelled":                        {[]string{"confirmed", "cancelled"}, domain.Cancelled},
		"cancelled overtakes":              {[]string{"cancelled", "confirmed"}, domain.Cancelled},
		"cancelled comes again":            {[]string{"cancelled", "confirmed", "cancelled"}, domain.Cancelled},
		"confirmed comes again after ship": {[]string{"confirmed", "shipped", "confirmed"}, domain.Shipped},
	} {
		t.Run(name, func(t *testing.T) {
			var f domain.Fulfilment
			for _, status := range tt.events {
				must.Do(t, f.Record(domain.Order{ID: "1", Status: status, Items: lines}))
			}
			if f.Status != tt.want {
				t.Errorf("got %s, want %s", f.Status, tt.want)
			}
		})
	}
}

func TestFulfilment_refusesOrdersThatHaveNone(t *testing.T) {
	for _, order := range []domain.Order{
		{ID: "1", Status: "pending", Items: lines},
		{ID: "1", Items: lines},
		{Status: "confirmed", Items: lines},
		{ID: "1", Status: "confirmed"},
	} {
		var f domain.Fulfilment
		if err := f.Record(order); !errs.Is(err, errs.Invalid) {
			t.Errorf("%+v: got %v, want invalid", order, err)
		}
	}
}

func TestStep_checksTheStatus(t *testing.T) {
	for _, tt := range []struct {
		step domain.Step
		at   domain.Status
		done bool
		kind errs.Kind
	}{
		{domain.Ship, domain.Queued, false, ""},
		{domain.Ship, domain.Shipped, true, ""},
		{domain.Ship, domain.Delivered, false, errs.Conflict},
		{domain.Ship, domain.Cancelled, false, errs.Conflict},
		{domain.Deliver, domain.Queued, false, errs.Conflict},
		{domain.Deliver, domain.Shipped, false, ""},
		{domain.Deliver, domain.Delivered, true, ""},
		{domain.Deliver, domain.Cancelled, false, errs.Conflict},
	} {
		done, err := tt.step.Check(domain.Fulfilment{Status: tt.at})
		if done != tt.done || errs.KindOf(err) != tt.kind {
			t.Errorf("%s at %s: got %t, %v", tt.step.Command, tt.at, done, err)
		}
	}
}
