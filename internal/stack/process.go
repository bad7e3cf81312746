package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

const (
	firstDelay  = 100 * time.Millisecond // before the first restart; doubles with each further one, unless somebody asked for it
	maxDelay    = 5 * time.Second
	steadyAfter = 10 * time.Second      // up for that long, the next restart waits for firstDelay again
	probeEvery  = 30 * time.Millisecond // until ready
	probeLimit  = 2 * time.Second       // above the second that an app gives its dependencies, so that it can name the one it waits for
	stopGrace   = 20 * time.Second      // between SIGTERM and SIGKILL; longer than drainSeconds
	maxFailures = 3                     // times that a process may die before it was ever ready, until the start is given up
)

// State is where a process is in its life.
type State string

// The states of a process.
const (
	StateStarting State = "starting" // runs, but is not ready
	StateReady    State = "ready"    // has been ready since it was started
	StateWaiting  State = "waiting"  // died, will be restarted in a moment
	StateStopped  State = "stopped"
)

// Process is what can be known about one process of a stack.
type Process struct {
	Name     string         `json:"name"`
	App      string         `json:"app,omitempty"` // app-id; empty for the broker
	Kind     string         `json:"kind"`
	Replica  int            `json:"replica"`
	State    State          `json:"state"`
	PID      int            `json:"pid,omitempty"`
	Identity string         `json:"identity,omitempty"` // with PID, tells this process from a later one of the same pid
	Restarts int            `json:"restarts"`
	Ports    map[string]int `json:"ports,omitempty"`
	Started  time.Time      `json:"started,omitzero"`
	Memory   int64          `json:"memory,omitempty"`   // resident bytes
	Problem  string         `json:"problem,omitempty"`  // what it lacks to be ready
	LastEnd  string         `json:"last_end,omitempty"` // why it died the last time, if it did
}

// Alive tells whether the very process that the record names is still there.
func (p Process) Alive() bool {
	return p.PID != 0 && p.Identity != "" && startTime(p.PID) == p.Identity
}

// process keeps one program running.
type process struct {
	spec    spec
	dir     string // state directory
	spawner *Spawner
	changed func(Process, string) // told of every change of state, with a line for people or an empty one

	cancel context.CancelFunc
	kill   chan struct{} // closed: do not wait for the end of the grace
	done   chan struct{} // closed when the program has ended for good
	ready  chan struct{} // closed when it is ready for the first time
	failed chan error    // gets one error when it cannot be started

	mu        sync.Mutex
	info      Process
	wasReady  bool
	failures  int   // deaths before it was first ready
	logOffset int64 // where the log of the present run starts
}

func newProcess(s spec, dir string, spawner *Spawner, changed func(Process, string)) *process {
	return &process{
		spec: s, dir: dir, spawner: spawner, changed: changed, kill: make(chan struct{}), done: make(chan struct{}),
		ready: make(chan struct{}), failed: make(chan error, 1),
		info: Process{Name: s.name, App: s.app, Kind: s.kind, Replica: s.replica, Ports: s.ports, State: StateStopped},
	}
}

// start begins to supervise; the program runs until stop.
func (p *process) start() {
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	go p.supervise(ctx)
}

// stop asks the program to end and waits until it has. When ctx ends first the program is killed.
func (p *process) stop(ctx context.Context) {
	p.cancel()
	select {
	case <-p.done:
	case <-ctx.Done():
		close(p.kill)
		<-p.done
	}
}

func (p *process) supervise(ctx context.Context) {
	defer close(p.done)
	delay := firstDelay
	for ctx.Err() == nil {
		began := time.Now()
		err := p.run(ctx)
		if ctx.Err() != nil {
			break
		}
		askedToEnd := err == nil && p.snapshot().State == StateReady
		if askedToEnd || time.Since(began) >= steadyAfter {
			delay = firstDelay
		}
		p.died(err, delay)
		select {
		case <-time.After(delay):
		case <-ctx.Done():
		}
		delay = min(2*delay, maxDelay)
	}
	p.update("", func(i *Process) { i.State, i.PID = StateStopped, 0 })
}

// run starts the program once and waits until it has ended, by itself or because ctx did.
func (p *process) run(ctx context.Context) error {
	cmd, err := p.spawn()
	if err != nil {
		return err
	}
	running, cancel := context.WithCancel(ctx)
	var prober sync.WaitGroup
	prober.Go(func() { p.awaitReady(running) })
	defer prober.Wait()
	defer cancel()
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	select {
	case err = <-exited:
	case <-ctx.Done():
		err = p.terminate(cmd.Process, exited)
	}
	// Whatever the program itself started goes with it.
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	return err
}

func (p *process) spawn() (*exec.Cmd, error) {
	log, offset, err := openLog(LogFile(p.dir, p.spec.name))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := exec.Command(p.spec.command[0], p.spec.command[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = p.spec.dir, p.spec.environment(), log, log
	p.mu.Lock()
	p.logOffset = offset
	p.mu.Unlock()
	if err := p.spawner.Start(cmd); err != nil {
		return nil, err
	}
	p.update("", func(i *Process) {
		i.State, i.PID, i.Identity, i.Started = StateStarting, cmd.Process.Pid, startTime(cmd.Process.Pid), time.Now()
	})
	return cmd, nil
}

// terminate sends SIGTERM, and SIGKILL when the program takes longer than the grace.
func (p *process) terminate(program *os.Process, exited <-chan error) error {
	_ = program.Signal(syscall.SIGTERM)
	grace := time.NewTimer(stopGrace)
	defer grace.Stop()
	select {
	case err := <-exited:
		return err
	case <-grace.C:
	case <-p.kill:
	}
	_ = program.Kill()
	p.update(fmt.Sprintf("%s did not stop in time and was killed", p.spec.name), func(*Process) {})
	return <-exited
}

// died records an end that nobody asked for.
func (p *process) died(err error, delay time.Duration) {
	p.mu.Lock()
	reason := p.reason(err)
	if !p.wasReady {
		p.failures++
	}
	givenUp := p.failures == maxFailures && !p.wasReady
	p.mu.Unlock()
	p.update(fmt.Sprintf("%s died: %s; restart in %s", p.spec.name, reason, delay), func(i *Process) {
		i.State, i.PID, i.Restarts, i.Problem, i.LastEnd = StateWaiting, 0, i.Restarts+1, reason, reason
	})
	if givenUp {
		p.failed <- fmt.Errorf("%s cannot start: %s (log: %s)", p.spec.name, reason, shortPath(LogFile(p.dir, p.spec.name)))
	}
}

// reason says in one line why the program ended: its own last words, or else how it ended.
func (p *process) reason(err error) string {
	how := "ended by itself"
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		how = exit.Error()
	case err != nil:
		return err.Error()
	}
	if exit != nil && exit.Sys().(syscall.WaitStatus).Signaled() {
		return how // killed from outside: what it logged before has nothing to do with it
	}
	if words := LastWords(LogFile(p.dir, p.spec.name), p.logOffset); words != "" {
		return fmt.Sprintf("%s (%s)", words, how)
	}
	return how
}

func (p *process) signal(sig os.Signal) error {
	pid := p.snapshot().PID
	if pid == 0 {
		return fmt.Errorf("%s is not running", p.spec.name)
	}
	program, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	return program.Signal(sig)
}

func (p *process) update(line string, change func(*Process)) {
	p.mu.Lock()
	change(&p.info)
	info := p.info
	p.mu.Unlock()
	p.changed(info, line)
}

func (p *process) snapshot() Process {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.info
}
