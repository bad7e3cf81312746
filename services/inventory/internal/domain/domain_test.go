package domain

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"stoa/pkg/common/errs"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func TestProduct_adjusts(t *testing.T) {
	tests := map[string]struct {
		product Product
		change  int64
		want    int64
		kind    errs.Kind
	}{
		"more":                    {Product{Stock: 5}, 3, 8, ""},
		"less":                    {Product{Stock: 5}, -5, 0, ""},
		"nothing":                 {Product{Stock: 5}, 0, 5, errs.Invalid},
		"less than there is":      {Product{Stock: 5}, -6, 5, errs.Conflict},
		"what others have":        {Product{Stock: 5, Reserved: 3}, -3, 5, errs.Conflict},
		"what others do not have": {Product{Stock: 5, Reserved: 3}, -2, 3, ""},
		"up to the limit":         {Product{Stock: 5}, MaxStock - 5, MaxStock, ""},
		"over the limit":          {Product{Stock: 5}, MaxStock - 4, 5, errs.Invalid},
		"removed":                 {Product{Stock: 5, Removed: true}, 1, 5, errs.NotFound},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := tt.product.Adjust(Adjustment{ID: "a", Change: tt.change})
			if errs.KindOf(err) != tt.kind || tt.product.Stock != tt.want {
				t.Errorf("got %d, %v, want %d, %q", tt.product.Stock, err, tt.want, tt.kind)
			}
			if latest := tt.product.Latest; err == nil && (latest.ID != "a" || latest.Stock != tt.want) {
				t.Errorf("the latest adjustment is %+v", latest)
			}
		})
	}
}

func TestProduct_isRemoved(t *testing.T) {
	tests := map[string]struct {
		product Product
		kind    errs.Kind
	}{
		"on the shelf":  {Product{Stock: 5}, ""},
		"promised":      {Product{Stock: 5, Reserved: 1}, errs.Conflict},
		"removed again": {Product{Removed: true}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := tt.product.Remove(now)
			if errs.KindOf(err) != tt.kind || tt.product.Removed != (err == nil) {
				t.Errorf("got %v, removed %v", err, tt.product.Removed)
			}
			if err == nil && tt.product.Available() != 0 {
				t.Error("nothing of a removed product is available")
			}
		})
	}
}

func TestProduct_resolvesMovements(t *testing.T) {
	type totals struct{ stock, reserved, sold int64 }
	tests := map[string]struct {
		kind   Kind
		status Status
		counts bool
		want   totals
	}{
		"hold that counts":          {Hold, Reserved, true, totals{10, 6, 1}},
		"hold that does not":        {Hold, Reserved, false, totals{10, 4, 1}},
		"hold of a rejected order":  {Hold, Rejected, false, totals{10, 4, 1}},
		"release that counts":       {Release, Released, true, totals{10, 2, 1}},
		"release that does not":     {Release, Released, false, totals{10, 4, 1}},
		"commit that counts":        {Commit, Committed, true, totals{8, 2, 3}},
		"commit that does not":      {Commit, Committed, false, totals{10, 4, 1}},
		"hold of a cancelled order": {Hold, Cancelled, false, totals{10, 4, 1}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := Product{ID: "p", Stock: 10, Reserved: 4, Sold: 1}
			if _, ok := p.Begin(Movement{ID: "m", Order: "o", Kind: tt.kind, Quantity: 2, At: now}); !ok {
				t.Fatal("it must begin")
			}
			r := Reservation{OrderID: "o", Status: tt.status, Lines: []Line{{ProductID: "p", Quantity: 2, Held: "x", Ended: "x"}}}
			if tt.counts {
				r.Lines[0].Held, r.Lines[0].Ended = "m", "m"
			}
			for range 2 { // to resolve again does no harm
				p.Resolve(r, now)
			}
			if got := (totals{p.Stock, p.Reserved, p.Sold}); got != tt.want || len(p.Movements) > 0 {
				t.Errorf("got %+v, want %+v; %d movements are left", got, tt.want, len(p.Movements))
			}
		})
	}
}

func TestProduct_leavesUndecidedMovementsAlone(t *testing.T) {
	p := Product{ID: "p", Stock: 10, Reserved: 4}
	for _, m := range []Movement{
		{ID: "1", Order: "o", Kind: Release, Quantity: 2, At: now},
		{ID: "2", Order: "o", Kind: Commit, Quantity: 2, At: now},
		{ID: "3", Order: "another", Kind: Hold, Quantity: 1, At: now},
	} {
		p.Begin(m)
	}
	p.Resolve(Reservation{OrderID: "o", Status: Reserved, Lines: []Line{{ProductID: "p", Quantity: 2}}}, now)
	p.Resolve(Reservation{OrderID: "another"}, now)
	if len(p.Movements) != 3 || p.Reserved != 5 {
		t.Errorf("got %+v", p)
	}
}

func TestLine_crossesDown(t *testing.T) {
	for _, tt := range []struct {
		left, quantity int64
		want           bool
	}{{6, 1, false}, {5, 1, true}, {0, 9, true}, {4, 1, false}, {5, 0, false}} {
		if got := (Line{Left: tt.left, Quantity: tt.quantity}).CrossedDown(5); got != tt.want {
			t.Errorf("%+v: got %v", tt, got)
		}
	}
}

func TestReservation_grants(t *testing.T) {
	lines := []Line{{ProductID: "a", Quantity: 1}, {ProductID: "b", Quantity: 2}}
	turned := []Line{lines[1], lines[0]}
	tests := map[string]struct {
		reservation Reservation
		want        bool
	}{
		"reserved":        {Reservation{Status: Reserved, Lines: turned}, true},
		"committed":       {Reservation{Status: Committed, Lines: lines}, true},
		"other lines":     {Reservation{Status: Reserved, Lines: lines[:1]}, false},
		"rejected":        {Reservation{Status: Rejected, Lines: lines}, false},
		"released":        {Reservation{Status: Released, Lines: lines}, false},
		"cancelled":       {Reservation{Status: Cancelled}, false},
		"nothing decided": {Reservation{}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := tt.reservation.Grants(lines)
			if got != tt.want {
				t.Errorf("got %v", got)
			}
			if tt.reservation.Decided() && tt.reservation.Reason() == "" {
				t.Error("a reservation that does not grant has a reason")
			}
		})
	}
}

// After any changes in any order: pieces put in stock = available + reserved + sold, and none is negative.
func TestProduct_addsUp(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p, put := Product{ID: "p"}, int64(0)
		for i := range rapid.IntRange(1, 60).Draw(rt, "steps") {
			order := fmt.Sprint(rapid.IntRange(0, 3).Draw(rt, "order"))
			switch rapid.IntRange(0, 2).Draw(rt, "what") {
			case 0:
				change := rapid.Int64Range(-20, 20).Draw(rt, "change")
				if p.Adjust(Adjustment{Change: change}) == nil {
					put += change
				}
			case 1:
				p.Begin(Movement{ID: fmt.Sprint(i), Order: order, Kind: Hold, Quantity: rapid.Int64Range(1, 9).Draw(rt, "quantity")})
			case 2:
				p.Resolve(Reservation{OrderID: order, Status: Rejected}, now)
			}
			if p.Available() < 0 || p.Reserved < 0 || put != p.Available()+p.Reserved+p.Sold {
				rt.Fatalf("%d were put in stock: %+v", put, p)
			}
		}
	})
}
