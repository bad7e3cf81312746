package handlers_test

import (
	"fmt"
	"slices"
	"testing"

	"stoa/pkg/common/ids"
)

// Every call to the store is a call to the sidecar, and most of what an order costs.
func TestLedger_callsTheStoreAsFewTimesAsItCan(t *testing.T) {
	const bulk, product, reservation = "read several", "save product", "save reservation"
	for name, tt := range map[string]struct {
		lines  int
		before []string
		event  string
		want   []string
	}{
		"placed":             {1, nil, placed, []string{bulk, product, reservation}},
		"placed, five lines": {5, nil, placed, []string{bulk, product, product, product, product, product, reservation}},
		"placed, low stock":  {1, nil, "nearly all", []string{bulk, product, reservation}},
		"placed, late copy":  {1, []string{placed}, placed, []string{bulk, bulk, product}},
		"rejected":           {1, nil, "too much", []string{bulk, reservation, bulk}},
		"shipped":            {1, []string{placed}, shipped, []string{bulk, product, reservation, bulk, product}},
		"shipped, two lines": {2, []string{placed}, shipped, []string{bulk, product, product, reservation, bulk, product, product}},
		"shipped, late copy": {1, []string{placed, shipped}, shipped, []string{bulk, bulk}},
		"cancelled":          {1, []string{placed}, cancelled, []string{bulk, product, reservation, bulk, product}},
		"cancelled first":    {1, nil, cancelled, []string{bulk, reservation}},
	} {
		t.Run(name, func(t *testing.T) {
			b, order := newBack(t), ids.New()
			var lines []line
			for i := range tt.lines {
				lines = append(lines, line{b.add(t, fmt.Sprint(i), 10), 1})
			}
			for _, eventType := range tt.before {
				b.mustHandle(t, eventType, order, lines...)
			}
			if pieces := map[string]int64{"too much": 11, "nearly all": 9}[tt.event]; pieces > 0 {
				tt.event, lines[0].Quantity = placed, pieces
			}
			got := b.callsOf(func() { b.mustHandle(t, tt.event, order, lines...) })
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// A hundred orders of one product are a hundred times three calls: each removes what the one before it left.
func TestLedger_needsNoMoreCallsForAProductThatIsOrderedOften(t *testing.T) {
	b := newBack(t)
	p := b.add(t, "1", 1000)
	calls := b.callsOf(func() {
		for range 100 {
			b.mustHandle(t, placed, ids.New(), line{p, 1})
		}
	})
	if len(calls) != 300 {
		t.Errorf("got %d calls", len(calls))
	}
	b.expect(t, p, 1000, 100, 0)
}
