package repositories

import (
	"context"
	"time"

	"golang.org/x/sync/singleflight"

	"stoa/pkg/common/recent"
	"stoa/services/order/internal/domain"
)

// maxReadings is how many orders are remembered for their followers, up to twice.
const maxReadings = 500

// readings are the orders that were read for their followers, so that all followers of an order cost one read.
type readings struct {
	known  *recent.Memory[string, reading]
	flight singleflight.Group
}

type reading struct {
	domain.Record
	at time.Time // when the reading began
}

// Recent is Find, and may return what anybody here read for Recent less than maxAge ago.
func (o *Orders) Recent(ctx context.Context, id string, maxAge time.Duration) (domain.Record, error) {
	if last, known := o.readings.known.Get(id); known && time.Since(last.at) < maxAge {
		return last.Record, nil
	}
	reading := o.readings.flight.DoChan(id, func() (any, error) { return o.readForAll(context.WithoutCancel(ctx), id) })
	select {
	case result := <-reading:
		record, _ := result.Val.(domain.Record)
		return record, result.Err
	case <-ctx.Done(): // others may still wait for it
		return domain.Record{}, ctx.Err()
	}
}

func (o *Orders) readForAll(ctx context.Context, id string) (domain.Record, error) {
	at := time.Now()
	record, err := o.Find(ctx, id)
	if err == nil {
		o.readings.known.Put(id, reading{record, at})
	}
	return record, err
}
