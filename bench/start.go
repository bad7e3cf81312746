package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	"stoa/bench/report"
	"stoa/internal/stack"
	"stoa/internal/stack/description"
)

// startPause is how often a system that starts is asked.
const startPause = 5 * time.Millisecond

// measureStart compares the time from `stoa up` until an order is confirmed with that of the sidecars and the broker alone. Both start
// on the state of an earlier run.
func (b *bench) measureStart(ctx context.Context) (p report.Part, err error) {
	all, err := b.start(ctx, "start", b.this())
	if err != nil {
		return p, errors.Join(err, all.stop())
	}
	shop := all[0]
	sidecars, err := shop.withoutApps()
	if err := errors.Join(err, all.stop()); err != nil {
		return p, err
	}
	var times [2][]float64
	ways := []func(context.Context) error{shop.firstOrder, sidecars.start}
	stops := []func() error{shop.system.stop, sidecars.stop}
	err = turns(b.rounds, len(ways), func(way, round int) error {
		began := time.Now()
		err := ways[way](ctx)
		took := time.Since(began)
		if round > 0 {
			times[way] = append(times[way], took.Seconds())
		}
		return errors.Join(err, stops[way]())
	})
	p.Figures = map[string]report.Figure{"ratio": report.Ratio(times[0], times[1])}
	p.Tables = []report.Table{{
		Title: "Start, in seconds", Columns: []string{"s"},
		Note: "`stoa up` starts the broker first, then sidecars and apps at once. The bare sidecars and the broker start all at once, with the same " +
			"arguments, and are ready when the sidecars have loaded their components.",
		Rows: []report.Row{
			{Name: "`stoa up` until an order is confirmed", Figures: []report.Figure{report.Of(times[0]...)}},
			{Name: "bare sidecars and broker ready", Figures: []report.Figure{report.Of(times[1]...)}},
			{Name: "ratio", Figures: []report.Figure{p.Figures["ratio"]}},
		},
	}}
	return p, err
}

// firstOrder starts the system, and tries to order until an order is confirmed.
func (b *shop) firstOrder(ctx context.Context) error {
	if err := b.begin(); err != nil {
		return err
	}
	var id string
	err := await(ctx, "an order is taken", startPause, func() (bool, error) {
		var err error
		id, err = b.order(ctx, b.product)
		return err == nil, nil
	})
	if err != nil {
		return fmt.Errorf("%w\n%s", err, b.up.Output())
	}
	return b.awaitStatus(ctx, id)
}

// awaitStatus waits until an order is confirmed.
func (b *shop) awaitStatus(ctx context.Context, id string) error {
	return await(ctx, fmt.Sprintf("%s: the order %s is confirmed", b.name, id), startPause, func() (bool, error) {
		status, err := b.status(ctx, id)
		return status == "confirmed", err
	})
}

// processes are programs that are started as they were found running.
type processes struct {
	commands []exec.Cmd // as they were found
	running  []*exec.Cmd
	ready    []string // addresses that answer when they are ready
}

// withoutApps returns the broker and the sidecars of a running system.
func (s *system) withoutApps() (*processes, error) {
	found := &processes{}
	for _, p := range s.record.Processes {
		if p.Kind != stack.KindBroker && p.Kind != stack.KindSidecar {
			continue
		}
		command, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.PID))
		if err != nil {
			return nil, err
		}
		env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", p.PID))
		if err != nil {
			return nil, err
		}
		dir, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", p.PID))
		if err != nil {
			return nil, err
		}
		args := words(command)
		found.commands = append(found.commands, exec.Cmd{Path: args[0], Args: args, Env: words(env), Dir: dir})
		if port := p.Ports[description.PortHTTP]; port != 0 {
			found.ready = append(found.ready, fmt.Sprintf("http://127.0.0.1:%d/v1.0/healthz/outbound", port))
		}
	}
	return found, nil
}

// words are texts that end with a zero byte.
func words(text []byte) []string {
	return strings.Split(string(bytes.TrimSuffix(text, []byte{0})), "\x00")
}

// start starts all at once, and waits until they are ready.
func (p *processes) start(ctx context.Context) error {
	for _, command := range p.commands {
		cmd := &exec.Cmd{Path: command.Path, Args: command.Args, Env: command.Env, Dir: command.Dir}
		if err := spawner().Start(cmd); err != nil {
			return err
		}
		p.running = append(p.running, cmd)
	}
	return awaitAnswers(ctx, p.ready)
}

func (p *processes) stop() error {
	err := end(p.running)
	p.running = nil
	return err
}

// awaitAnswers waits until each of the addresses answers with a success.
func awaitAnswers(ctx context.Context, addresses []string) error {
	for _, address := range addresses {
		err := await(ctx, address+" answers", startPause, func() (bool, error) {
			answer, err := http.Get(address)
			if err != nil {
				return false, nil
			}
			return answer.StatusCode < 300, answer.Body.Close()
		})
		if err != nil {
			return err
		}
	}
	return nil
}
