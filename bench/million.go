package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"stoa/bench/report"
	"stoa/internal/sidecarmetrics"
)

// few is how many orders the small shop has.
const few = 1000

// pageLimit is the length of a list page.
const pageLimit = 20

// filled is a shop with many orders.
type filled struct {
	*shop
	own []string // the orders of its customer
}

// operation is what is compared, with what was measured of it, by shop.
type operation[F counted] struct {
	name  string
	sizes [2]string // of what grows
	run   func(f F, ctx context.Context, count int) ([]time.Duration, error)

	p50, p99, calls [2][]float64
}

// counted is a filled shop whose calls are counted.
type counted interface {
	calls(ctx context.Context) (sidecarmetrics.Calls, error)
}

// measureMillion compares a shop with many orders with one that has few.
func (b *bench) measureMillion(ctx context.Context) (p report.Part, err error) {
	small, large := b.this(), b.this()
	small.name, large.name = fmt.Sprint(few), fmt.Sprint(b.filled)
	all, err := b.start(ctx, "million", small, large)
	defer func() { err = errors.Join(err, all.stop()) }()
	if err != nil {
		return p, err
	}
	var shops [2]*filled
	for i, count := range []int{few, b.filled} {
		began := time.Now()
		if shops[i], err = all[i].fill(ctx, count); err != nil {
			return p, err
		}
		fmt.Printf("%d orders are written after %s.\n", count, time.Since(began).Round(time.Second))
	}
	sizes := [2]string{small.name, large.name}
	operations := []*operation[*filled]{
		{name: "create", sizes: sizes, run: (*filled).create}, {name: "get", sizes: sizes, run: (*filled).read},
		{name: "list", sizes: sizes, run: (*filled).first}, {name: "later page of the list", sizes: sizes, run: (*filled).later},
	}
	err = compare(ctx, b, shops, operations)
	p.Figures = map[string]report.Figure{}
	for _, o := range operations {
		p.Tables = append(p.Tables, o.table())
		p.Figures["p50/"+o.name] = report.Ratio(o.p50[1], o.p50[0])
		p.Figures["calls/"+o.name] = report.Ratio(o.calls[1], o.calls[0])
	}
	return p, err
}

// compare measures operations of two shops in turns.
func compare[F counted](ctx context.Context, b *bench, shops [2]F, operations []*operation[F]) error {
	return turns(b.rounds, len(shops), func(side, round int) error {
		for _, o := range operations {
			if err := o.measure(ctx, shops[side], side, max(b.orders/2, 1), round == 0); err != nil {
				return err
			}
		}
		return nil
	})
}

// fill places an order, fills the databases with copies of what the services have written for it, and starts the shop again.
func (b *shop) fill(ctx context.Context, count int) (*filled, error) {
	before, err := b.stored(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := b.orders(ctx, 1, 1); err != nil {
		return nil, err
	}
	after, err := b.stored(ctx)
	if err != nil {
		return nil, err
	}
	b.broker.close()
	if err := b.system.stop(); err != nil {
		return nil, err
	}
	own := max(count/10, few/2)
	t := templateOf(before, after, b.account)
	if err := t.fill(ctx, b.dir, count-1, own); err != nil {
		return nil, err
	}
	f := &filled{shop: b}
	if f.own, err = t.documentIDs("order-store||order:", own); err != nil {
		return nil, err
	}
	if err := b.system.start(ctx); err != nil {
		return nil, err
	}
	b.broker, err = dialBroker(b.system)
	return f, errors.Join(err, b.signIn(ctx))
}

// measure measures an operation of one shop.
func (o *operation[F]) measure(ctx context.Context, f F, side, count int, warmUp bool) error {
	before, err := f.calls(ctx)
	if err != nil {
		return err
	}
	latencies, err := o.run(f, ctx, count)
	if err != nil || warmUp {
		return err
	}
	after, err := f.calls(ctx)
	o.calls[side] = append(o.calls[side], byRequest(after.Since(before)).Per(count).Sum())
	o.p50[side] = append(o.p50[side], latency(latencies, 0.5))
	o.p99[side] = append(o.p99[side], latency(latencies, 0.99))
	return err
}

// byRequest leaves out the checks of sessions and API keys, whose number follows the clock.
func byRequest(calls sidecarmetrics.Calls) sidecarmetrics.Calls {
	const checker = "auth"
	delete(calls, checker)
	for _, kinds := range calls {
		delete(kinds, sidecarmetrics.Invoke+" "+checker)
	}
	return calls
}

func (o *operation[F]) table() report.Table {
	t := report.Table{Title: strings.ToUpper(o.name[:1]) + o.name[1:], Columns: []string{"at " + o.sizes[0], "at " + o.sizes[1], "ratio"}}
	for _, f := range []struct {
		name   string
		values [2][]float64
	}{{"median, ms", o.p50}, {"99th percentile, ms", o.p99}, {"sidecar calls", o.calls}} {
		t.Rows = append(t.Rows, report.Row{Name: f.name, Figures: []report.Figure{
			report.Of(f.values[0]...), report.Of(f.values[1]...), report.Ratio(f.values[1], f.values[0]),
		}})
	}
	return t
}

// create places orders, until all that follows from them is done.
func (f *filled) create(ctx context.Context, count int) ([]time.Duration, error) {
	s, err := f.shop.orders(ctx, count, 1)
	return s.Latencies, err
}

// timed does something again and again.
func timed(count int, do func() error) (latencies []time.Duration, err error) {
	for range count {
		began := time.Now()
		if err := do(); err != nil {
			return nil, err
		}
		latencies = append(latencies, time.Since(began))
	}
	return latencies, nil
}

func (f *filled) read(ctx context.Context, count int) ([]time.Duration, error) {
	return timed(count, func() error {
		_, err := f.status(ctx, f.own[rand.IntN(len(f.own))])
		return err
	})
}

func (f *filled) first(ctx context.Context, count int) ([]time.Duration, error) {
	return timed(count, func() error { return f.list(ctx, "") })
}

// later reads pages anywhere in the list. A cursor is the number of an entry.
func (f *filled) later(ctx context.Context, count int) ([]time.Duration, error) {
	return timed(count, func() error {
		return f.list(ctx, fmt.Sprint("&cursor=", pageLimit+1+rand.IntN(len(f.own)-pageLimit)))
	})
}

func (f *filled) list(ctx context.Context, cursor string) error {
	var page struct{ Items []struct{ ID string } }
	if err := f.call(ctx, "GET", fmt.Sprint("/orders?limit=", pageLimit, cursor), f.customer, nil, &page); err != nil {
		return err
	}
	if len(page.Items) != pageLimit {
		return fmt.Errorf("a page of %d orders has only %d", pageLimit, len(page.Items))
	}
	return nil
}

// documentIDs are the ids of the first copies: those of the keys that begin so.
func (t *template) documentIDs(prefix string, count int) (ids []string, err error) {
	for _, part := range t.parts {
		for _, d := range part.ofOrder {
			if id, found := strings.CutPrefix(d.key, prefix); found {
				for n := range count {
					ids = append(ids, copied(id, n+1))
				}
				return slices.Clip(ids), nil
			}
		}
	}
	return nil, fmt.Errorf("the template has no %s", prefix)
}
