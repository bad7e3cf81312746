package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"stoa/bench/report"
	"stoa/test/servers"
)

// pair is a broker and a store on which the shop runs.
type pair struct{ bus, store string }

// usualPair is that of dapr.yaml.
var usualPair = pair{"nats", "sqlite"}

// pairs are those that are measured beside the usual one: each broker and each store of the conformance matrix.
var pairs = []pair{
	{"kafka", "sqlite"}, {"redis", "sqlite"}, {"rabbitmq", "sqlite"},
	{"nats", "redis"}, {"nats", "postgres"}, {"nats", "mariadb"}, {"nats", "mongodb"},
	{"redis", "redis"},
}

func (p pair) String() string { return p.bus + "/" + p.store }

const (
	matrixRounds  = 3
	matrixCallers = 8
)

// measureMatrix measures an order on each pair, in turns with the usual one.
func (b *bench) measureMatrix(ctx context.Context) (p report.Part, err error) {
	usual := b.this()
	usual.name = usualPair.String()
	all, err := b.start(ctx, "matrix", usual)
	defer func() { err = errors.Join(err, all.stop()) }()
	if err != nil {
		return p, err
	}
	all[0].countByMails()
	p.Rounds, p.Versions = min(matrixRounds, b.rounds), map[string]string{}
	table := report.Table{Title: fmt.Sprintf("An order on each broker and store, with %d callers", matrixCallers), Columns: []string{
		"orders/s", "/ " + usual.name, "CPU-ms", "of which servers", "/ " + usual.name, "POST median, ms",
	}}
	var reference result
	for _, one := range pairs {
		if b.servers != "" && !slices.Contains(strings.Split(b.servers, ","), one.String()) {
			continue
		}
		measured, err := b.measurePair(ctx, one, all[0], p.Versions)
		if ctx.Err() != nil {
			return p, err
		}
		if err != nil { // such as a server that is not installed
			p.Void = append(p.Void, fmt.Sprintf("%s: %s", one, strings.Join(strings.Fields(err.Error()), " ")))
			continue
		}
		reference.samples = append(reference.samples, measured[0].samples...)
		table.Rows = append(table.Rows, pairRow(one, measured[1], measured[0]))
	}
	if len(reference.samples) > 0 {
		table.Rows = slices.Insert(table.Rows, 0, pairRow(usualPair, reference, reference))
	}
	p.Tables = []report.Table{table}
	return p, nil
}

// measurePair starts the servers of a pair, and measures it in turns with the usual one.
func (b *bench) measurePair(ctx context.Context, one pair, usual *shop, versions map[string]string) (measured results, err error) {
	on := b.this()
	on.name, on.secrets = strings.ReplaceAll(one.String(), "/", "-"), map[string]string{}
	started, err := startServers(ctx, one, &on)
	defer func() {
		for _, server := range started {
			err = errors.Join(err, server.Stop())
		}
	}()
	if err != nil {
		return nil, err
	}
	for _, server := range started {
		versions[server.Kind] = server.Version
	}
	other, err := b.start(ctx, "matrix", on)
	defer func() { err = errors.Join(err, other.stop()) }()
	if err != nil {
		return nil, err
	}
	other[0].countByMails()
	other[0].servers = started
	return sides{usual, other[0]}.closed(ctx, min(matrixRounds, b.rounds), b.orders, matrixCallers)
}

// startServers starts the servers of a pair, and tells a build of them.
func startServers(ctx context.Context, one pair, on *build) (started []*servers.Server, err error) {
	if one.bus != usualPair.bus {
		on.flags = append(on.flags, "--bus", one.bus)
	}
	if one.store != usualPair.store {
		on.flags = append(on.flags, "--store", one.store)
	}
	kinds := slices.DeleteFunc([]string{one.bus, one.store}, func(kind string) bool { return kind == usualPair.bus || kind == usualPair.store })
	for _, kind := range slices.Compact(kinds) {
		server, err := servers.Start(ctx, kind)
		if err != nil {
			return started, err
		}
		started = append(started, server)
		for name, value := range server.Secrets {
			on.secrets[name] = value
		}
	}
	return started, nil
}

func pairRow(one pair, r, usual result) report.Row {
	rate, cpu := figures[0].of, sample.cpu
	return report.Row{Name: one.String(), Figures: []report.Figure{
		r.rate(), report.Ratio(r.values(rate), usual.values(rate)),
		report.Of(r.values(cpu)...), report.Of(r.values(func(s sample) float64 { return s.CPU[serversName] })...),
		report.Ratio(r.values(cpu), usual.values(cpu)),
		report.Of(r.values(figures[2].of)...),
	}}
}

// countByMails makes confirmed count mails, as it does on other brokers.
func (b *shop) countByMails() {
	b.broker.close()
	b.broker = nil
}
