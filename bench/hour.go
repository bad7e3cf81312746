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
	// hourCallers is how many callers place orders, and hourBatch how many orders they place before a pause.
	hourCallers, hourBatch = 2, 20
	// hourPause leaves most of the processors to others: memory that is kept for ever is kept at any rate.
	hourPause = 3 * time.Second
)

// measureHour compares the memory of a system that has been under load for an hour with that after five minutes.
func (b *bench) measureHour(ctx context.Context) (p report.Part, err error) {
	all, err := b.start(ctx, "hour", b.this())
	defer func() { err = errors.Join(err, all.stop()) }()
	if err != nil {
		return p, err
	}
	loaded, end := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- all[0].load(loaded) }()
	began := time.Now()
	var seen []memories
	for _, at := range []time.Duration{b.early, b.late} {
		if err = sleep(ctx, at-time.Since(began)); err != nil {
			break
		}
		var m memories
		if m, err = all[0].look(ctx); err != nil {
			break
		}
		seen = append(seen, m)
	}
	end()
	if err = errors.Join(err, <-ended); err != nil {
		return p, err
	}
	p.Rounds = looks
	p.Tables = []report.Table{hourTable(seen[0], seen[1], b.early, b.late)}
	p.Figures = map[string]report.Figure{"ratio": report.Ratio(seen[1].sums(), seen[0].sums())}
	return p, nil
}

// maxFailures is how many times in a row the load may fail: on a machine with other load a request may be refused.
const maxFailures = 10

// load places orders until ctx ends.
func (b *shop) load(ctx context.Context) error {
	var signedIn time.Time
	for failures := 0; ctx.Err() == nil; {
		var err error
		if time.Since(signedIn) > time.Minute {
			err, signedIn = b.signIn(ctx), time.Now()
		}
		if err == nil {
			_, _, err = b.place(ctx, hourBatch, hourCallers)
		}
		if pause := sleep(ctx, hourPause); pause != nil {
			return nil // the time is over
		}
		if failures++; err == nil {
			failures = 0
		}
		if failures > maxFailures && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

func hourTable(early, late memories, after, until time.Duration) report.Table {
	t := report.Table{
		Title:   fmt.Sprintf("Memory in MB under load: every %s, %d orders of %d callers", hourPause, hourBatch, hourCallers),
		Columns: []string{"after " + after.String(), "after " + until.String(), "ratio"},
	}
	add := func(name string, a, b []float64) {
		t.Rows = append(t.Rows, report.Row{Name: name, Figures: []report.Figure{report.Of(a...), report.Of(b...), report.Ratio(b, a)}})
	}
	for _, name := range slices.Sorted(maps.Keys(early)) {
		add(name, early[name], late[name])
	}
	add("all", early.sums(), late.sums())
	return t
}
