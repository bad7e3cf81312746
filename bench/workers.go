package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"stoa/bench/minimal"
	"stoa/bench/report"
)

const (
	replicas = 4
	// handling is how long a worker needs for an event. It only waits meanwhile, as for another system: so the cores do not limit
	// how many workers there can be.
	handling   = 20 * time.Millisecond
	workingApp = "inventory-worker"
	worksOn    = "order-placed"
)

// measureWorkers compares how many events a second are handled by four workers and by one. Handlers are those of the twin.
func (b *bench) measureWorkers(ctx context.Context) (p report.Part, err error) {
	one, four := b.twin(), b.twin()
	one.name, four.name = "1 worker", fmt.Sprint(replicas, " workers")
	four.flags = []string{"--scale", fmt.Sprint(workingApp, "=", replicas)}
	one.env, four.env = "PAUSE: "+handling.String(), "PAUSE: "+handling.String()
	all, err := b.start(ctx, "workers", one, four)
	defer func() { err = errors.Join(err, all.stop()) }()
	if err != nil {
		return p, err
	}
	var rates [2][]float64
	err = turns(b.rounds, len(all), func(side, round int) error {
		rate, err := all[side].handle(ctx, 2*b.orders)
		if round > 0 {
			rates[side] = append(rates[side], rate)
		}
		return err
	})
	p.Figures = map[string]report.Figure{"ratio": report.Ratio(rates[1], rates[0])}
	p.Tables = []report.Table{{
		Title:   fmt.Sprintf("Events a second, with handlers of %s that only wait", handling),
		Columns: []string{"events/s"},
		Rows: []report.Row{
			{Name: one.name, Figures: []report.Figure{report.Of(rates[0]...)}},
			{Name: four.name, Figures: []report.Figure{report.Of(rates[1]...)}},
			{Name: "ratio", Figures: []report.Figure{p.Figures["ratio"]}},
		},
	}}
	return p, err
}

// handle publishes events, and returns how many of them are handled a second.
func (b *shop) handle(ctx context.Context, count int) (rate float64, err error) {
	began := time.Now()
	for range count {
		id := strconv.FormatInt(b.serial.Add(1), 10)
		if err := b.broker.publish(ctx, worksOn, worksOn+id, minimal.Event("bench", worksOn, id, 900)); err != nil {
			return 0, err
		}
	}
	err = await(ctx, b.name+": all events are handled", 5*time.Millisecond, func() (bool, error) {
		waiting, err := b.broker.waiting(ctx, worksOn, workingApp)
		return waiting == 0, err
	})
	return float64(count) / time.Since(began).Seconds(), err
}
