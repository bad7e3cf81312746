package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"stoa/bench/report"
	"stoa/internal/stack"
	"stoa/internal/stack/description"
	"stoa/internal/stack/secrets"
)

// Reads are measured in short slices, many times.
const (
	readSlice   = 500 * time.Millisecond
	readCallers = 16
	readRounds  = 4 // for each round of the other parts
)

// read is a request that is measured.
type read struct {
	name, url string
	header    http.Header

	rates, medians, cpu []float64
}

// measureReads compares reads through the gateway, cached and not, signed in and anonymous, with those at the service's own port.
func (b *bench) measureReads(ctx context.Context) (p report.Part, err error) {
	all, err := b.start(ctx, "reads", b.this())
	defer func() { err = errors.Join(err, all.stop()) }()
	if err != nil {
		return p, err
	}
	reads, err := all[0].reads()
	if err != nil {
		return p, err
	}
	p.Rounds = readRounds * b.rounds
	err = turns(p.Rounds, len(reads), func(thing, round int) error { return all[0].slice(ctx, reads[thing], round == 0) })
	p.Tables = []report.Table{readTable(fmt.Sprintf("Reads, with %d callers", readCallers),
		"A request for a product with `Cache-Control: no-cache` passes the gateway's cache. The other reads are of "+
			"profiles: a public one, and that of a caller who is signed in. The gateway always checks an API key.", reads)}
	p.Figures = map[string]report.Figure{"signed-in": report.Ratio(reads[4].rates, reads[3].rates)}
	return p, err
}

func readTable(title, note string, reads []*read) report.Table {
	table := report.Table{Title: title, Note: note, Columns: []string{"reads/s", "median, ms", "CPU-ms"}}
	for _, r := range reads {
		table.Rows = append(table.Rows, report.Row{
			Name: r.name, Figures: []report.Figure{report.Of(r.rates...), report.Of(r.medians...), report.Of(r.cpu...)},
		})
	}
	return table
}

// reads are the requests. A service answers at its own port what comes with the token of its sidecar.
func (b *shop) reads() ([]*read, error) {
	tokens, err := secrets.EnsureTokens(b.dir)
	if err != nil {
		return nil, err
	}
	gateway := b.record.Gateway + "/api/v1"
	own := func(app string) string { return fmt.Sprintf("http://127.0.0.1:%d/api/v1", b.portOf(app)) }
	key, customer := header("X-Api-Key", b.credentials.APIKey), "Bearer "+b.customer
	token := header("Dapr-Api-Token", tokens.App)
	product, public, mine := "/products/"+b.product, "/auth/profile/id/"+b.account, "/auth/profile/mine"
	return []*read{
		{name: "product, gateway, cached", url: gateway + product, header: key},
		{name: "product, gateway, not cached", url: gateway + product, header: header("Cache-Control", "no-cache", key)},
		{name: "product, own port of inventory-api", url: own("inventory-api") + product, header: token},
		{name: "profile, gateway, anonymous", url: gateway + public, header: key},
		{name: "profile, gateway, signed in", url: gateway + mine, header: header("Authorization", customer, key)},
		{name: "profile, own port of auth, anonymous", url: own("auth") + public, header: token},
		{name: "profile, own port of auth, signed in", url: own("auth") + mine, header: header("Authorization", customer, token)},
	}, nil
}

func header(name, value string, more ...http.Header) http.Header {
	all := http.Header{name: {value}}
	for _, h := range more {
		for name, values := range h {
			all[name] = values
		}
	}
	return all
}

// portOf is the port of an app.
func (s *system) portOf(app string) int {
	for _, p := range s.record.Processes {
		if p.App == app && p.Kind == stack.KindApp {
			return p.Ports[description.PortApp]
		}
	}
	return 0
}

// slice sends a request again and again for a while.
func (b *shop) slice(ctx context.Context, r *read, warmUp bool) error {
	got, err := b.by(ctx, callers{number: readCallers, last: readSlice}, func(ctx context.Context) (string, time.Duration, error) {
		asked := time.Now()
		err := b.get(ctx, r)
		return r.name, time.Since(asked), err
	})
	if err != nil || warmUp {
		return err
	}
	r.rates, r.cpu = append(r.rates, got.rate), append(r.cpu, got.cpu)
	r.medians = append(r.medians, latency(got.took[r.name], 0.5))
	return nil
}

func (b *shop) get(ctx context.Context, r *read) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url, nil)
	if err != nil {
		return err
	}
	request.Header = r.header
	answer, err := b.http.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %d %s", r.name, answer.StatusCode, body)
	}
	return err
}
