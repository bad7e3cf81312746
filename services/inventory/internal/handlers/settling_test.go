package handlers_test

import (
	"testing"
	"time"

	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/services/inventory/internal/domain"
)

// left returns how many movements are on a product.
func (b back) left(t *testing.T, id string) int {
	t.Helper()
	return len(must.Get(b.catalogue.Get(t.Context(), id))(t).Movements)
}

// A process held pieces and died. Its order got none, so another order can have them at once.
func TestLedger_declaresNoShortageForPiecesThatNobodyGets(t *testing.T) {
	b, dead := newBack(t), ids.New()
	p := b.add(t, "1", 8)
	must.Get(b.catalogue.Update(t.Context(), p, func(p *domain.Product) error {
		p.Begin(domain.Movement{ID: "m", Order: dead, Kind: domain.Hold, Quantity: 5, At: b.now})
		return nil
	}))(t)
	b.mustHandle(t, placed, ids.New(), line{p, 5})
	b.expectLast(t, "stock.rejected.v1") // nothing is decided about the other order
	must.Get(b.reservations.Decide(t.Context(), domain.Reservation{OrderID: dead, Status: domain.Rejected}))(t)
	b.mustHandle(t, placed, ids.New(), line{p, 5})
	b.expectLast(t, "stock.reserved.v1")
	b.expect(t, p, 8, 5, 0)
}

func (b back) expectLast(t *testing.T, eventType string) {
	t.Helper()
	if types := b.bus.Types(); len(types) == 0 || types[len(types)-1] != eventType {
		t.Errorf("want %s, got %q", eventType, types)
	}
}

// Some stores report documents as missing when a bulk read fails in the middle.
func TestLedger_readsAgainWhatABulkReadMissed(t *testing.T) {
	b, order, shippedOrder := newBack(t), ids.New(), ids.New()
	p := b.add(t, "1", 5)
	b.reading = func() bulkRead { return bulkRead{missing: -1} }
	for range 2 {
		b.mustHandle(t, placed, order, line{p, 2})
		b.expectLast(t, "stock.reserved.v1")
	}
	b.expect(t, p, 5, 2, 0)
	b.mustHandle(t, placed, shippedOrder, line{p, 3})
	b.mustHandle(t, shipped, shippedOrder)
	b.expect(t, p, 2, 2, 3)
	b.mustHandle(t, cancelled, order)
	b.expect(t, p, 2, 0, 3)
}

// An order may be open for longer than ended ones are remembered.
func TestLedger_keepsWhatAnOpenOrderHoldsWhenABulkReadMissesIt(t *testing.T) {
	b, order := newBack(t), ids.New()
	p := b.add(t, "1", 9)
	b.mustHandle(t, placed, order, line{p, 2})
	b.replicas[0] = b.replica()
	longAgo := b.placedAt
	b.now = b.now.Add(domain.EndedTTL + time.Hour)
	b.reading = func() bulkRead { return bulkRead{missing: 1} } // the reservation, which is the first of each call
	b.placedAt = b.now
	b.mustHandle(t, placed, ids.New(), line{p, 1})
	b.expect(t, p, 9, 3, 0)
	b.placedAt = longAgo
	b.mustHandle(t, placed, order, line{p, 2}) // again: it is not a new order of long ago
	b.expectLast(t, "stock.reserved.v1")
	b.expect(t, p, 9, 3, 0)
}

// Another process, or this one before it was started again, left holds that this one knows nothing about.
func TestLedger_settlesWhatOthersLeft(t *testing.T) {
	b := newBack(t)
	p := b.add(t, "1", 1000)
	most := 0
	for range 100 {
		b.replicas[0] = b.replica()
		b.mustHandle(t, placed, ids.New(), line{p, 1})
		most = max(most, b.left(t, p))
	}
	if most < 10 || most > 25 {
		t.Errorf("at most %d movements were on the product", most)
	}
	b.now = b.now.Add(2 * time.Minute)
	b.mustHandle(t, placed, ids.New(), line{p, 1})
	if left := b.left(t, p); left != 1 {
		t.Errorf("%d movements are left, all but the last of them old", left)
	}
	b.expect(t, p, 1000, 101, 0)
}
