package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
)

// result is what was measured of one side, by round.
type result struct {
	name    string
	samples []sample
}

// results are those of all sides; the first one is that of this build.
type results []result

// figures are what is printed of a sample.
var figures = []struct {
	name string
	of   func(sample) float64
}{
	{"orders/s", func(s sample) float64 { return s.Rate }},
	{"p50 ms", sample.p50},
	{"CPU-ms", sample.cpu},
	{"calls", func(s sample) float64 { return s.Calls.Sum() }},
}

// print writes the medians, and the ratios of this build to every other side: their median and range over the rounds.
func (all results) print(out io.Writer, callers int) {
	fmt.Fprintf(out, "\nOrders of one line, until confirmed, by %d callers; medians of %d rounds\n\n", callers, len(all[0].samples))
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(table, "\t")
	for _, f := range figures {
		fmt.Fprint(table, f.name, "\t")
	}
	fmt.Fprintln(table)
	for _, r := range all {
		fmt.Fprint(table, r.name, "\t")
		for _, f := range figures {
			fmt.Fprintf(table, "%.1f\t", median(r.values(f.of)))
		}
		fmt.Fprintln(table)
	}
	for _, r := range all[1:] {
		fmt.Fprint(table, "this / ", r.name, "\t")
		for _, f := range figures {
			ratios := r.values(f.of)
			for i, own := range all[0].values(f.of) {
				ratios[i] = own / ratios[i]
			}
			fmt.Fprintf(table, "%.2f (%.2f-%.2f)\t", median(ratios), slices.Min(ratios), slices.Max(ratios))
		}
		fmt.Fprintln(table)
	}
	_ = table.Flush() // of a terminal
	last := all[0].samples[len(all[0].samples)-1]
	fmt.Fprintln(out, "\nThis build, last round: CPU-ms and calls for an order")
	for _, name := range slices.Sorted(maps.Keys(last.CPU)) {
		fmt.Fprintf(out, "  %-26s %5.1f\n", name, last.CPU[name])
	}
	for _, app := range slices.Sorted(maps.Keys(last.Calls)) {
		for _, kind := range slices.Sorted(maps.Keys(last.Calls[app])) {
			fmt.Fprintf(out, "  %-26s %5.2f  %s\n", app, last.Calls[app][kind], kind)
		}
	}
}

func (r result) values(of func(sample) float64) []float64 {
	var all []float64
	for _, s := range r.samples {
		all = append(all, of(s))
	}
	return all
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
