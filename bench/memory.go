package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"stoa/bench/report"
)

const (
	looks     = 10 // at the memory, of which the median counts
	lookPause = time.Second
)

// measureMemory measures what a system has in memory that has just been started and of which nobody asks anything.
func (b *bench) measureMemory(ctx context.Context) (p report.Part, err error) {
	all, err := b.start(ctx, "memory", b.this())
	defer func() { err = errors.Join(err, all.stop()) }()
	if err != nil {
		return p, err
	}
	if err := sleep(ctx, b.memorySettle); err != nil {
		return p, err
	}
	sizes, err := all[0].look(ctx)
	if err != nil {
		return p, err
	}
	p.Rounds = looks
	p.Tables = []report.Table{sizes.byKind(fmt.Sprintf("Idle memory in MB, %s after the start", b.memorySettle)), sizes.byApp()}
	p.Figures = map[string]report.Figure{"sum": sizes.sum()}
	return p, nil
}

// memories are what each process has in memory in MB, look by look.
type memories map[string][]float64

// look looks at the memory several times.
func (s *system) look(ctx context.Context) (memories, error) {
	seen := memories{}
	for range looks {
		sizes, err := s.memory()
		if err != nil {
			return nil, err
		}
		for name, size := range sizes {
			seen[name] = append(seen[name], float64(size)/(1<<20))
		}
		if err := sleep(ctx, lookPause); err != nil {
			return nil, err
		}
	}
	return seen, nil
}

// sum is the memory of all processes together.
func (m memories) sum() report.Figure { return report.Of(m.sums()...) }

func (m memories) sums() []float64 {
	sums := make([]float64, looks)
	for _, sizes := range m {
		for i, size := range sizes {
			sums[i] += size
		}
	}
	return sums
}

// byKind has a row for each kind of process, and one for everything.
func (m memories) byKind(title string) report.Table {
	t := report.Table{Title: title, Columns: []string{"MB"}}
	for _, kind := range kinds {
		some := maps.Clone(m)
		maps.DeleteFunc(some, func(name string, _ []float64) bool { return kindOf(name) != kind })
		t.Rows = append(t.Rows, report.Row{Name: kind, Figures: []report.Figure{some.sum()}})
	}
	t.Rows = append(t.Rows, report.Row{Name: "all", Figures: []report.Figure{m.sum()}})
	return t
}

// byApp has a row for each app, with its sidecar.
func (m memories) byApp() report.Table {
	t := report.Table{Title: "Idle memory of each app and its sidecar in MB", Columns: []string{"app", "sidecar"}, Picture: "memory", Bars: 2}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if kindOf(name) == "sidecars" {
			continue
		}
		t.Rows = append(t.Rows, report.Row{
			Name: name, Figures: []report.Figure{report.Of(m[name]...), report.Of(m[name+".sidecar"]...)},
		})
	}
	return t
}
