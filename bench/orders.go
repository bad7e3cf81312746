package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"stoa/bench/report"
)

// measureOrders measures what an order of one line costs, from its request until everything that follows from it is done.
func (b *bench) measureOrders(ctx context.Context) (p report.Part, err error) {
	earlier, err := b.earlier(ctx)
	if err != nil {
		return p, err
	}
	all, err := b.start(ctx, "orders", slices.Concat([]build{b.this(), b.twin(), b.bare()}, earlier)...)
	defer func() { err = errors.Join(err, all.stop()) }()
	if err != nil {
		return p, err
	}
	var loaded results
	p.Figures = map[string]report.Figure{}
	for _, callers := range []int{1, 8} {
		if loaded, err = all.closed(ctx, b.rounds, b.orders, callers); err != nil {
			return p, err
		}
		p.Tables = append(p.Tables, loaded.table(callers))
		loaded.targets(p.Figures, callers)
	}
	p.Tables = append(p.Tables, loaded.kinds(), loaded.processes(), loaded.calls())
	for _, share := range []float64{0.5, 0.8} {
		if err := all.signIn(ctx); err != nil {
			return p, err
		}
		table, voids, err := all.open(ctx, b.rounds, share, loaded)
		if err != nil {
			return p, err
		}
		p.Tables, p.Void = append(p.Tables, table), append(p.Void, voids...)
	}
	return p, nil
}

// result is what was measured of one side, by round.
type result struct {
	name    string
	samples []sample
}

// results are those of all sides; the first one is that of this build.
type results []result

// closed measures every side in the closed loop.
func (all sides) closed(ctx context.Context, rounds, count, callers int) (results, error) {
	if err := all.signIn(ctx); err != nil {
		return nil, err
	}
	measured := make(results, len(all))
	err := turns(rounds, len(all), func(side, round int) error {
		s, err := all[side].orders(ctx, count, callers)
		measured[side].name = all[side].name
		if err == nil && round > 0 {
			measured[side].samples = append(measured[side].samples, s)
		}
		return err
	})
	return measured, err
}

func (all sides) signIn(ctx context.Context) error {
	for _, b := range all {
		if err := b.signIn(ctx); err != nil {
			return err
		}
	}
	return nil
}

// figures are what is shown of a sample.
var figures = []struct {
	name string
	of   func(sample) float64
}{
	{"orders/s", func(s sample) float64 { return s.Rate }},
	{"CPU-ms", sample.cpu},
	{"POST median, ms", func(s sample) float64 { return latency(s.Latencies, 0.5) }},
	{"POST 99th percentile, ms", func(s sample) float64 { return latency(s.Latencies, 0.99) }},
	{"sidecar calls", func(s sample) float64 { return s.Calls.Sum() }},
}

func (r result) values(of func(sample) float64) []float64 {
	var all []float64
	for _, s := range r.samples {
		all = append(all, of(s))
	}
	return all
}

func (r result) rate() report.Figure { return report.Of(r.values(figures[0].of)...) }

// table has the figures of all sides, and the ratios of this build to the others.
func (all results) table(callers int) report.Table {
	t := report.Table{Title: fmt.Sprintf("Closed loop, callers: %d", callers)}
	for _, f := range figures {
		t.Columns = append(t.Columns, f.name)
	}
	for _, r := range all {
		row := report.Row{Name: r.name}
		for _, f := range figures {
			row.Figures = append(row.Figures, report.Of(r.values(f.of)...))
		}
		t.Rows = append(t.Rows, row)
	}
	for _, r := range all[1:] {
		row := report.Row{Name: all[0].name + " / " + r.name}
		for _, f := range figures {
			if others := r.values(f.of); slices.Max(others) > 0 { // a bare shop makes no sidecar calls
				row.Figures = append(row.Figures, report.Ratio(all[0].values(f.of), others))
			}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// targets adds the figures of the targets. The costs of an order are those under load; a latency is that of a single caller.
func (all results) targets(to map[string]report.Figure, callers int) {
	for _, r := range all[1:] {
		if callers == 1 {
			to["p50/"+r.name] = report.Ratio(all[0].values(figures[2].of), r.values(figures[2].of))
			continue
		}
		to["rate/"+r.name] = report.Ratio(all[0].values(figures[0].of), r.values(figures[0].of))
		to["cpu/"+r.name] = report.Ratio(all[0].values(sample.cpu), r.values(sample.cpu))
	}
}

// kindOf is which kind of process has this name.
func kindOf(process string) string {
	switch {
	case strings.HasSuffix(process, ".sidecar"):
		return "sidecars"
	case process == "broker" || process == "stoa":
		return "broker, supervisor"
	}
	return "apps"
}

// kinds are the kinds of processes.
var kinds = []string{"apps", "sidecars", "broker, supervisor"}

// kinds has the CPU time of each kind of process.
func (all results) kinds() report.Table {
	t := report.Table{Title: "CPU time of an order by kind of process, ms, with 8 callers", Columns: kinds, Picture: "cpu", Bars: len(kinds)}
	for _, r := range all {
		row := report.Row{Name: r.name}
		for _, kind := range kinds {
			row.Figures = append(row.Figures, report.Of(r.values(func(s sample) (sum float64) {
				for process, spent := range s.CPU {
					if kindOf(process) == kind {
						sum += spent
					}
				}
				return sum
			})...))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// processes has the CPU time of each process of this build, with that of the others beside it.
func (all results) processes() report.Table {
	t := report.Table{Title: "CPU time of an order by process, ms, with 8 callers"}
	for _, r := range all {
		t.Columns = append(t.Columns, r.name)
	}
	for _, process := range slices.Sorted(maps.Keys(all[0].samples[0].CPU)) {
		row := report.Row{Name: process}
		for _, r := range all {
			row.Figures = append(row.Figures, report.Of(r.values(func(s sample) float64 { return s.CPU[process] })...))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// calls has the sidecar calls of each app and kind that any side makes.
func (all results) calls() report.Table {
	t := report.Table{Title: "Sidecar calls of an order, by app and kind"}
	made := map[[2]string]bool{}
	for _, r := range all {
		t.Columns = append(t.Columns, r.name)
		for _, s := range r.samples {
			for app, counted := range s.Calls {
				for kind := range counted {
					made[[2]string{app, kind}] = true
				}
			}
		}
	}
	for _, call := range slices.SortedFunc(maps.Keys(made), func(a, b [2]string) int { return strings.Compare(a[0]+a[1], b[0]+b[1]) }) {
		row := report.Row{Name: call[0] + ": " + call[1]}
		for _, r := range all {
			row.Figures = append(row.Figures, report.Of(r.values(func(s sample) float64 { return s.Calls[call[0]][call[1]] })...))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
