package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"time"

	"stoa/internal/stack/state"
)

// startLimit is how long the processes may take to become ready.
const startLimit = 90 * time.Second

var errStopped = errors.New("stopped during the start")

// waitReady waits until all processes are ready at the same moment: one can end while others start.
func waitReady(ctx context.Context, processes []*process) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	ticks := time.NewTicker(probeEvery)
	defer ticks.Stop()
	for {
		for _, p := range processes {
			select {
			case err := <-p.failed:
				return err
			default:
			}
		}
		late := slices.DeleteFunc(slices.Clone(processes), func(p *process) bool { return p.snapshot().State == StateReady })
		if len(late) == 0 {
			return nil
		}
		select {
		case <-ticks.C:
		case <-ctx.Done():
			return notReady(ctx, late)
		}
	}
}

// notReady says why programs are not ready when the time is over.
func notReady(ctx context.Context, late []*process) error {
	if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return errStopped
	}
	var all []error
	for _, p := range late {
		all = append(all, fmt.Errorf("%s is not ready after %s: %s (log: %s)",
			p.spec.name, startLimit, p.snapshot().Problem, state.ShortPath(LogFile(p.dir, p.spec.name))))
	}
	return errors.Join(all...)
}

// errCrippled is why a program that answers that it is ready must start again.
var errCrippled = errors.New("it runs without what it needs")

// awaitReady probes the program until it is ready. It returns errCrippled if it never will be. The longer it takes, the rarer are
// the probes, since they take processors from what they wait for.
func (p *process) awaitReady(ctx context.Context) error {
	for began := time.Now(); ; {
		err := p.probe(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil:
			p.becameReady()
			return nil
		case errors.Is(err, errCrippled):
			return err
		}
		p.mu.Lock()
		p.info.Problem = err.Error()
		p.mu.Unlock()
		select {
		case <-time.After(min(max(time.Since(began)/10, probeEvery), rareProbes)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (p *process) probe(ctx context.Context) error {
	if p.spec.ready == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	if err := p.spec.ready(ctx); err != nil {
		return err
	}
	switch {
	case p.logged(p.spec.lastWords):
		return errors.New("it is about to end")
	case p.logged(p.spec.crippled):
		return errCrippled
	}
	return nil
}

// logged reports whether the program has logged a text since it started.
func (p *process) logged(text string) bool {
	p.mu.Lock()
	offset := p.logOffset
	p.mu.Unlock()
	return text != "" && says(LogFile(p.dir, p.spec.name), offset, text)
}

func (p *process) becameReady() {
	line := p.spec.name + " is ready"
	if p.snapshot().Restarts > 0 {
		line += " again"
	}
	p.update(line, func(i *Process) { i.State, i.Problem = StateReady, "" })
}

// probes uses a new connection for each probe, because a process may restart between two.
var probes = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// answers returns a probe that succeeds if url answers with a 2xx status. Its error contains the start of the answer, in
// which an app names a missing dependency.
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

// Probe checks an address once: an http URL has to answer with a 2xx status, a tcp URL to accept a connection.
func Probe(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	target, err := url.Parse(address)
	if err != nil {
		return err
	}
	if target.Scheme != "tcp" {
		return answers(address)(ctx)
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", target.Host)
	if err != nil {
		return err
	}
	return conn.Close()
}
