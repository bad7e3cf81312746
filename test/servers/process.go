package servers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"stoa/internal/stack"
)

// spawner starts all servers; a test process needs but one.
var spawner = sync.OnceValue(stack.NewSpawner)

const (
	probeEvery = 50 * time.Millisecond
	probeLimit = time.Second
)

// process is one program of a server.
type process struct {
	command []string
	env     []string            // the whole environment; the test's own when nil
	user    *syscall.Credential // the test's own when nil
	ready   func(context.Context) error

	dir, log string
	cmd      *exec.Cmd
	exited   chan struct{}
}

// start starts the program and waits until it answers. What exits before is started again: a database that was killed may
// find a worker of its former self that has not ended yet.
func (p *process) start(ctx context.Context) error {
	tick := time.NewTicker(probeEvery)
	defer tick.Stop()
	for {
		if !p.running() {
			if err := p.spawn(); err != nil {
				return err
			}
		}
		probe, cancel := context.WithTimeout(ctx, probeLimit)
		err := p.ready(probe)
		cancel()
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%w; its last words: %s", err, p.lastWords())
		}
	}
}

func (p *process) spawn() error {
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close() // the child has its own
	cmd := exec.Command(p.command[0], p.command[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = p.dir, p.env, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.user}
	if err := spawner().Start(cmd); err != nil {
		return err
	}
	exited := make(chan struct{})
	p.cmd, p.exited = cmd, exited
	go func() {
		_ = cmd.Wait() // how it ended stands in its log
		close(exited)
	}()
	return nil
}

func (p *process) running() bool {
	if p.cmd == nil {
		return false
	}
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// signal reaches the program's whole process group.
func (p *process) signal(sig syscall.Signal) error {
	if !p.running() {
		return nil
	}
	if err := syscall.Kill(-p.cmd.Process.Pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}

func (p *process) kill() error {
	if err := p.signal(syscall.SIGKILL); err != nil {
		return err
	}
	if p.cmd != nil {
		<-p.exited
	}
	return nil
}

// stop asks the program to end, and kills it when it has not by the end of ctx.
func (p *process) stop(ctx context.Context) error {
	if !p.running() {
		return nil
	}
	if err := p.signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-p.exited:
		return nil
	case <-ctx.Done():
		return errors.Join(ctx.Err(), p.kill())
	}
}

// lastWords is the end of the program's log.
func (p *process) lastWords() string {
	const enough = 2000
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(bytes.TrimSpace(text[max(0, len(text)-enough):]))
}
