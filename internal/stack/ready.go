package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// startLimit is how long all processes together may take to become ready.
const startLimit = 90 * time.Second

var errStopped = errors.New("stopped while starting")

// waitReady waits until all processes have been ready once.
func waitReady(ctx context.Context, processes []*process) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	results := make(chan error, len(processes))
	for _, p := range processes {
		go func() {
			select {
			case <-p.ready:
				results <- nil
			case err := <-p.failed:
				results <- err
			case <-ctx.Done():
				results <- p.late(ctx)
			}
		}()
	}
	for range processes {
		if err := <-results; err != nil {
			return err
		}
	}
	return nil
}

// late says why the program is not ready although the time is up.
func (p *process) late(ctx context.Context) error {
	if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return errStopped
	}
	return fmt.Errorf("%s is not ready after %s: %s (log: %s)",
		p.spec.name, startLimit, p.snapshot().Problem, shortPath(LogFile(p.dir, p.spec.name)))
}

// awaitReady probes the program until it is ready.
func (p *process) awaitReady(ctx context.Context) {
	ticks := time.NewTicker(probeEvery)
	defer ticks.Stop()
	for {
		err := p.probe(ctx)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			p.becameReady()
			return
		}
		p.mu.Lock()
		p.info.Problem = err.Error()
		p.mu.Unlock()
		select {
		case <-ticks.C:
		case <-ctx.Done():
			return
		}
	}
}

func (p *process) probe(ctx context.Context) error {
	if p.spec.ready == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	return p.spec.ready(ctx)
}

func (p *process) becameReady() {
	p.mu.Lock()
	first, restarts := !p.wasReady, p.info.Restarts
	p.wasReady = true
	p.mu.Unlock()
	line := p.spec.name + " is ready"
	if restarts > 0 {
		line += " again"
	}
	p.update(line, func(i *Process) { i.State, i.Problem = StateReady, "" })
	if first {
		close(p.ready)
	}
}

// probes opens a connection for each probe, so that none is left open to a process that is restarted.
var probes = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// answers returns a probe that succeeds when url answers with a 2xx status. Its error holds the start of the answer,
// in which an app names the dependency that it waits for.
func answers(url string) func(context.Context) error {
	return func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		response, err := probes.Do(request)
		if err != nil {
			return fmt.Errorf("%s does not answer", url)
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(io.LimitReader(response.Body, 4<<10))
		if response.StatusCode/100 != 2 {
			return fmt.Errorf("%s answers %d: %s", url, response.StatusCode, shorten(string(body), 300))
		}
		return nil
	}
}
