package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"stoa/bench/report"
	"stoa/internal/sidecarmetrics"
)

// sample is what one slice of orders has cost one system.
type sample struct {
	Orders int
	// Rate is orders a second, from the first request until all are confirmed.
	Rate float64
	// CPU is CPU-ms for an order, by process, without what the system uses when it is idle.
	CPU map[string]float64
	// Calls is sidecar calls for an order, by app and kind.
	Calls sidecarmetrics.Calls
	// Latencies are how long each caller waited for 201.
	Latencies []time.Duration
}

// orders measures orders until none of them fails: on a machine with other load, a request may be refused by a limit of time. Then
// the measurement is made again.
func (b *shop) orders(ctx context.Context, count, callers int) (s sample, err error) {
	for range tries {
		if s, err = b.ordersOnce(ctx, count, callers); err == nil || ctx.Err() != nil {
			break
		}
		fmt.Println("Measured again:", err)
		if err := sleep(ctx, idlePeriod); err != nil {
			return s, err
		}
	}
	return s, err
}

// ordersOnce places orders with a number of callers, each of whom sends the next when the last was taken, and waits until all
// are confirmed and everything that follows from them is done.
func (b *shop) ordersOnce(ctx context.Context, count, callers int) (sample, error) {
	idle, err := b.idle(ctx)
	if err != nil {
		return sample{}, err
	}
	counted, err := b.calls(ctx)
	if err != nil {
		return sample{}, err
	}
	mails, err := b.mails()
	if err != nil {
		return sample{}, err
	}
	earlier, err := b.confirmed()
	if err != nil {
		return sample{}, err
	}
	before, err := b.cpu()
	if err != nil {
		return sample{}, err
	}
	began := time.Now()
	ids, latencies, err := b.place(ctx, count, callers)
	if err != nil {
		return sample{}, err
	}
	if err := b.awaitConfirmed(ctx, earlier+count); err != nil {
		return sample{}, err
	}
	confirmed := time.Since(began)
	if err := b.awaitMails(ctx, mails+count); err != nil {
		return sample{}, err
	}
	if err := b.awaitQuiet(ctx, idle); err != nil {
		return sample{}, err
	}
	after, err := b.cpu()
	took := time.Since(began)
	if err != nil {
		return sample{}, err
	}
	result := sample{Orders: count, Rate: float64(count) / confirmed.Seconds(), CPU: map[string]float64{}, Latencies: latencies}
	for name, spent := range after.since(before) {
		spent -= time.Duration(idle[name] * took.Seconds())
		result.CPU[name] = spent.Seconds() * 1000 / float64(count)
	}
	now, err := b.calls(ctx)
	if err != nil {
		return sample{}, err
	}
	result.Calls = now.Since(counted).Per(count)
	return result, b.checkConfirmed(ctx, ids)
}

// idlePeriod is how long a system is watched to learn what it uses when nobody asks anything of it.
const idlePeriod = 2 * time.Second

// idle is the CPU time that each process uses in a second without load, in units of time.Duration.
func (b *shop) idle(ctx context.Context) (map[string]float64, error) {
	before, err := b.cpu()
	if err != nil {
		return nil, err
	}
	if err := sleep(ctx, idlePeriod); err != nil {
		return nil, err
	}
	after, err := b.cpu()
	rates := map[string]float64{}
	for name, spent := range after.since(before) {
		rates[name] = float64(spent) / idlePeriod.Seconds()
	}
	return rates, err
}

// place sends the orders, and returns their ids in the order in which they were taken.
func (b *shop) place(ctx context.Context, count, callers int) (ids []string, latencies []time.Duration, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		all  sync.WaitGroup
		mu   sync.Mutex
		next atomic.Int64
	)
	for range callers {
		all.Go(func() {
			for next.Add(1) <= int64(count) {
				began := time.Now()
				id, err := b.order(ctx, b.wanted())
				took := time.Since(began)
				if err != nil {
					cancel(err)
					return
				}
				mu.Lock()
				ids, latencies = append(ids, id), append(latencies, took)
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return ids, latencies, context.Cause(ctx)
}

// confirmed is how many orders have been confirmed. To ask costs the system almost nothing: the embedded broker knows how many events
// order-worker has published. On another broker it is how many mails were sent.
func (b *shop) confirmed() (int, error) {
	if b.broker == nil {
		return b.mails()
	}
	return b.broker.published("order-confirmed")
}

func (b *shop) awaitConfirmed(ctx context.Context, count int) error {
	return await(ctx, fmt.Sprintf("%s: %d orders are confirmed", b.name, count), 10*time.Millisecond, func() (bool, error) {
		confirmed, err := b.confirmed()
		return confirmed >= count, err
	})
}

func (b *shop) awaitMails(ctx context.Context, count int) error {
	return await(ctx, fmt.Sprintf("%s: %d mails are sent", b.name, count), 20*time.Millisecond, func() (bool, error) {
		sent, err := b.mails()
		return sent >= count, err
	})
}

// awaitQuiet waits until the system uses hardly more than when it was idle.
func (b *shop) awaitQuiet(ctx context.Context, idle map[string]float64) error {
	const period = 200 * time.Millisecond
	var rate float64
	for _, r := range idle {
		rate += r
	}
	limit := time.Duration(rate*period.Seconds()) + 3*tick
	before, err := b.cpu()
	if err != nil {
		return err
	}
	return await(ctx, b.name+" is quiet", period, func() (bool, error) {
		after, err := b.cpu()
		spent := after.since(before).sum()
		before = after
		return spent > 0 && spent <= limit || spent == 0, err
	})
}

// checkConfirmed makes sure that the measured orders did what an order does.
func (b *shop) checkConfirmed(ctx context.Context, ids []string) error {
	for _, id := range ids {
		if status, err := b.status(ctx, id); err != nil || status != "confirmed" {
			return errors.Join(err, fmt.Errorf("%s: the order %s is %q", b.name, id, status))
		}
	}
	return nil
}

func (s sample) cpu() (all float64) {
	for _, spent := range s.CPU {
		all += spent
	}
	return all
}

// latency is the time in ms within which a share of the callers got their answers.
func latency(all []time.Duration, share float64) float64 {
	return report.Quantile(milliseconds(all), share)
}

// milliseconds are sorted times.
func milliseconds(all []time.Duration) []float64 {
	sorted := make([]float64, len(all))
	for i, t := range all {
		sorted[i] = t.Seconds() * 1000
	}
	slices.Sort(sorted)
	return sorted
}

// await asks every so often until the answer is yes.
func await(ctx context.Context, what string, every time.Duration, done func() (bool, error)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startLimit, errors.New("too late"))
	defer cancel()
	for {
		yes, err := done()
		if yes || err != nil {
			return err
		}
		if sleep(ctx, every) != nil {
			return fmt.Errorf("waiting until %s: %w", what, context.Cause(ctx))
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}
