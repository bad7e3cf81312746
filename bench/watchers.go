package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"stoa/bench/report"
)

const (
	streamsEach = 5               // a customer may have at once
	watchPeriod = 3 * time.Second // of a measurement
	// settlePeriod is until all streams read their orders once a second: they begin with shorter pauses.
	settlePeriod = 3 * time.Second
)

// watched is what was measured while some event streams were open.
type watched struct{ cpu, memory, gets []float64 }

// measureWatchers measures what event streams on confirmed orders cost, and what they do to the latency of others.
func (b *bench) measureWatchers(ctx context.Context) (p report.Part, err error) {
	all, err := b.start(ctx, "watchers", b.this())
	defer func() { err = errors.Join(err, all.stop()) }()
	if err != nil {
		return p, err
	}
	shop := all[0]
	watchers, err := shop.watchers(ctx, b.streams)
	if err != nil {
		return p, err
	}
	unused, err := shop.megabytes() // memory that streams have used is not given back at once
	if err != nil {
		return p, err
	}
	var without, with watched
	err = turns(b.rounds, 2, func(side, round int) error {
		m, open := &without, 0
		if side == 1 {
			m, open = &with, len(watchers)
		}
		if round == 0 {
			m = &watched{} // only warms up
		}
		return shop.watch(ctx, watchers[:open], m)
	})
	without.memory = []float64{unused}
	row := func(name string, m watched) report.Row {
		return report.Row{Name: name, Figures: []report.Figure{report.Of(m.cpu...), report.Of(m.memory...), report.Of(m.gets...)}}
	}
	p.Tables = []report.Table{{
		Title: "Event streams on orders that do not change",
		Note: fmt.Sprintf("Each stream follows an order of its own, which order-api reads every second. A customer follows %d orders at once. "+
			"The latency is that of one caller who reads an order. The memory without a stream is that before the first one.", streamsEach),
		Columns: []string{"CPU-ms a second", "memory, MB", "GET median, ms"},
		Rows:    []report.Row{row("no stream", without), row(fmt.Sprint(len(watchers), " streams"), with)},
	}}
	return p, err
}

// watcher is an order to follow, and the token of its customer.
type watcher struct{ order, token string }

// watchers makes customers with confirmed orders, one for each stream.
func (b *shop) watchers(ctx context.Context, streams int) ([]watcher, error) {
	confirmed, err := b.confirmed()
	if err != nil {
		return nil, err
	}
	var all []watcher
	own := b.customer
	defer func() { b.customer = own }()
	for i := range (streams + streamsEach - 1) / streamsEach {
		var session struct{ AccessToken string }
		person := map[string]string{
			"name": "Bench", "email": fmt.Sprintf("watcher-%d@example.com", i), "password": customerPassword,
		}
		if err := b.call(ctx, "POST", "/auth/signup/basic", "", person, &session); err != nil {
			return nil, err
		}
		b.customer = session.AccessToken
		for range min(streamsEach, streams-len(all)) {
			id, err := b.order(ctx, b.product)
			if err != nil {
				return nil, err
			}
			all = append(all, watcher{id, session.AccessToken})
		}
	}
	return all, b.awaitConfirmed(ctx, confirmed+streams)
}

// watch opens the streams, measures for a while, and closes them.
func (b *shop) watch(ctx context.Context, watchers []watcher, m *watched) error {
	open, shut := context.WithCancel(ctx)
	var streams sync.WaitGroup
	defer streams.Wait()
	defer shut()
	first := make(chan error, len(watchers))
	for _, w := range watchers {
		streams.Go(func() { b.follow(open, w, first) })
	}
	for range watchers {
		if err := <-first; err != nil {
			return err
		}
	}
	if err := sleep(ctx, settlePeriod); err != nil {
		return err
	}
	return b.observe(ctx, m)
}

// follow reads a stream until ctx ends. It reports when the first event has come, or why none comes.
func (b *shop) follow(ctx context.Context, w watcher, first chan<- error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, b.record.Gateway+"/api/v1/orders/"+w.order+"/events", nil)
	if err != nil {
		first <- err
		return
	}
	request.Header = header("X-Api-Key", b.credentials.APIKey, header("Authorization", "Bearer "+w.token), header("Accept", "text/event-stream"))
	answer, err := (&http.Client{Transport: b.http.Transport}).Do(request) // without a limit of time
	if err != nil {
		first <- err
		return
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(answer.Body)
		first <- fmt.Errorf("a stream: %s %s", answer.Status, strings.TrimSpace(string(text)))
		return
	}
	_, err = answer.Body.Read(make([]byte, 1))
	first <- err
	_, _ = io.Copy(io.Discard, answer.Body) // until it is closed
}

// observe measures the system while one caller reads an order again and again.
func (b *shop) observe(ctx context.Context, m *watched) error {
	id, err := b.order(ctx, b.product)
	if err != nil {
		return err
	}
	if err := b.awaitStatus(ctx, id); err != nil {
		return err
	}
	before, err := b.cpu()
	if err != nil {
		return err
	}
	began := time.Now()
	if err := sleep(ctx, watchPeriod); err != nil {
		return err
	}
	after, err := b.cpu()
	if err != nil {
		return err
	}
	m.cpu = append(m.cpu, after.since(before).sum().Seconds()*1000/time.Since(began).Seconds())
	used, err := b.megabytes()
	if err != nil {
		return err
	}
	m.memory = append(m.memory, used)
	var latencies []time.Duration
	for began := time.Now(); time.Since(began) < watchPeriod; {
		asked := time.Now()
		if _, err := b.status(ctx, id); err != nil {
			return err
		}
		latencies = append(latencies, time.Since(asked))
	}
	m.gets = append(m.gets, latency(latencies, 0.5))
	return nil
}

// megabytes is the memory of all processes.
func (s *system) megabytes() (sum float64, err error) {
	sizes, err := s.memory()
	for _, size := range sizes {
		sum += float64(size) / (1 << 20)
	}
	return sum, err
}
