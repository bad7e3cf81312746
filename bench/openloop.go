package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"stoa/bench/report"
)

// arrivals is what was measured of requests that started at a fixed rate.
type arrivals struct {
	// Latencies are from the moment at which a request was planned until its answer.
	Latencies []time.Duration
	// Lags are how late the generator started the requests.
	Lags []time.Duration
}

// lagShare is how large the generator's part of a latency may be: its median of the median, and its 99th percentile of the 99th
// percentile.
const lagShare = 0.2

// void says why the measurement says nothing; "" if it is fine.
func (a arrivals) void() string {
	for _, share := range []float64{0.5, 0.99} {
		if lag, all := latency(a.Lags, share), latency(a.Latencies, share); lag > lagShare*all {
			return fmt.Sprintf("the generator itself was late by %.1f of %.1f ms (percentile %.0f)", lag, all, share*100)
		}
	}
	return ""
}

// arrive calls send at a fixed rate a second, whether or not earlier calls have returned.
func arrive(ctx context.Context, rate float64, count int, send func(context.Context) error) (arrivals, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	measured := arrivals{Latencies: make([]time.Duration, count), Lags: make([]time.Duration, count)}
	var all sync.WaitGroup
	began := time.Now()
	for i := range count {
		planned := began.Add(time.Duration(float64(i) / rate * float64(time.Second)))
		if sleep(ctx, time.Until(planned)) != nil {
			break
		}
		all.Go(func() {
			measured.Lags[i] = time.Since(planned)
			if err := send(ctx); err != nil {
				cancel(err)
			}
			measured.Latencies[i] = time.Since(planned)
		})
	}
	all.Wait()
	return measured, context.Cause(ctx)
}

// tries is how often a measurement is made until it is not void.
const tries = 3

// The length of a measurement in the open loop: its rate differs from side to side.
const arrivalPeriod = 4 * time.Second

// arriveOrders places orders at a rate, until all are confirmed. It returns why the measurement is void, if it is.
func (b *shop) arriveOrders(ctx context.Context, rate float64, period time.Duration) (measured arrivals, void string, err error) {
	count := max(int(rate*period.Seconds()), 2)
	for range tries {
		confirmed, err := b.confirmed()
		if err != nil {
			return measured, "", err
		}
		measured, err = arrive(ctx, rate, count, func(ctx context.Context) error {
			_, err := b.order(ctx, b.product)
			return err
		})
		if err == nil {
			err = b.awaitConfirmed(ctx, confirmed+count)
		}
		if void = measured.void(); void == "" || err != nil {
			return measured, void, err
		}
	}
	return measured, void, nil
}

// open measures every side in the open loop, at a share of the rate that it reached in the closed one.
func (all sides) open(ctx context.Context, rounds int, share float64, closed results) (report.Table, []string, error) {
	p50, p99, voids := make([][]float64, len(all)), make([][]float64, len(all)), []string(nil)
	err := turns(rounds, len(all), func(side, round int) error {
		b, period := all[side], arrivalPeriod
		if round == 0 {
			period /= 4
		}
		measured, void, err := b.arriveOrders(ctx, share*closed[side].rate().Median, period)
		switch {
		case err != nil || round == 0:
			return err
		case void != "":
			voids = append(voids, fmt.Sprintf("open loop at %.0f %%, %s, round %d: %s", share*100, b.name, round, void))
			return nil
		}
		p50[side] = append(p50[side], latency(measured.Latencies, 0.5))
		p99[side] = append(p99[side], latency(measured.Latencies, 0.99))
		return nil
	})
	table := report.Table{
		Title:   fmt.Sprintf("Open loop, at %.0f %% of the orders a second of each side", share*100),
		Columns: []string{"orders/s", "POST median, ms", "POST 99th percentile, ms"},
	}
	for i, b := range all {
		row := report.Row{Name: b.name, Figures: []report.Figure{report.Of(share * closed[i].rate().Median)}}
		if len(p50[i]) > 0 { // not all rounds are void
			row.Figures = append(row.Figures, report.Of(p50[i]...), report.Of(p99[i]...))
		}
		table.Rows = append(table.Rows, row)
	}
	return table, voids, err
}
