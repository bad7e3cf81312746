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

	"stoa/internal/stack/state"
)

const (
	firstDelay  = 100 * time.Millisecond // before the first restart; then doubles, unless the program was asked to end
	maxDelay    = 5 * time.Second
	steadyAfter = 10 * time.Second      // a program that ran this long restarts after firstDelay again
	probeEvery  = 30 * time.Millisecond // until ready
	rareProbes  = 10 * probeEvery       // of one that is late
	probeLimit  = 2 * time.Second       // longer than an app waits for a dependency, so that it can name a missing one
	stopGrace   = 20 * time.Second      // between SIGTERM and SIGKILL; longer than description.DrainSeconds
	maxFailures = 3                     // deaths in a row until the start fails
)

// State is the state of a process.
type State string

// The states of a process.
const (
	StateStarting State = "starting" // runs, but is not ready
	StateReady    State = "ready"    // runs, and has been ready
	StateWaiting  State = "waiting"  // died, and restarts soon
	StateStopped  State = "stopped"
)

// Process describes one process of a stack.
type Process struct {
	Name     string         `json:"name"`
	App      string         `json:"app,omitempty"` // app-id; empty for the broker
	Kind     string         `json:"kind"`
	Replica  int            `json:"replica"`
	State    State          `json:"state"`
	PID      int            `json:"pid,omitempty"`
	Identity string         `json:"identity,omitempty"` // distinguishes it from a later process with the same pid
	Restarts int            `json:"restarts"`
	Asked    int            `json:"asked,omitempty"` // how many of the restarts were asked for, by a signal
	Ports    map[string]int `json:"ports,omitempty"`
	Started  time.Time      `json:"started,omitzero"`
	Memory   int64          `json:"memory,omitempty"`   // resident bytes
	Problem  string         `json:"problem,omitempty"`  // why it is not ready
	LastEnd  string         `json:"last_end,omitempty"` // why it died the last time, unless it was asked to end
}

// Alive reports whether this process still runs.
func (p Process) Alive() bool {
	return p.PID != 0 && p.Identity != "" && startTime(p.PID) == p.Identity
}

// process supervises one program.
type process struct {
	spec    spec
	dir     string // state directory
	spawner *Spawner
	changed func(Process, string) // called at every change of state; the line for the log may be empty

	cancel context.CancelFunc
	kill   chan struct{} // closed: kill it now
	done   chan struct{} // closed when supervising has ended
	failed chan error    // gets one error when the start fails

	mu        sync.Mutex
	info      Process
	failures  int   // deaths in a row, each soon after the start
	logOffset int64 // start of the present run in the log
}

func newProcess(s spec, dir string, spawner *Spawner, changed func(Process, string)) *process {
	return &process{
		spec: s, dir: dir, spawner: spawner, changed: changed, kill: make(chan struct{}), done: make(chan struct{}),
		failed: make(chan error, 1),
		info:   Process{Name: s.name, App: s.app, Kind: s.kind, Replica: s.replica, Ports: s.ports, State: StateStopped},
	}
}

// start starts supervising; the program runs until stop.
func (p *process) start() {
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	go p.supervise(ctx)
}

// stop ends the program and waits for its end. It kills the program when ctx ends first.
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
		// A ready program that ends with status 0 was asked to end, by a signal.
		askedToEnd := err == nil && p.snapshot().State == StateReady
		if askedToEnd || time.Since(began) >= steadyAfter {
			delay = firstDelay
			p.forgive()
		}
		if askedToEnd {
			p.ended(delay)
		} else {
			p.died(err, delay)
		}
		select {
		case <-time.After(delay):
		case <-ctx.Done():
		}
		delay = min(2*delay, maxDelay)
	}
	p.update("", func(i *Process) { i.State, i.PID = StateStopped, 0 })
}

// run starts the program once and waits until it ends, or ctx does.
func (p *process) run(ctx context.Context) error {
	cmd, err := p.spawn()
	if err != nil {
		return err
	}
	running, cancel := context.WithCancel(ctx)
	var prober sync.WaitGroup
	crippled := make(chan struct{})
	prober.Go(func() {
		if errors.Is(p.awaitReady(running), errCrippled) {
			close(crippled)
		}
	})
	defer prober.Wait()
	defer cancel()
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	select {
	case err = <-exited:
	case <-crippled:
		err = p.terminate(cmd.Process, exited)
	case <-ctx.Done():
		err = p.terminate(cmd.Process, exited)
	}
	// Kill the processes that the program has started, too.
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

// terminate sends SIGTERM, and SIGKILL when the program takes longer than stopGrace.
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

// forgive forgets earlier failures.
func (p *process) forgive() {
	p.mu.Lock()
	p.failures = 0
	p.mu.Unlock()
}

// ended records an end that was asked for.
func (p *process) ended(delay time.Duration) {
	p.update(fmt.Sprintf("%s ended, as it was asked to; restart in %s", p.spec.name, delay), func(i *Process) {
		i.State, i.PID, i.Restarts, i.Asked, i.Problem = StateWaiting, 0, i.Restarts+1, i.Asked+1, "it was asked to end"
	})
}

// died records an unexpected end.
func (p *process) died(err error, delay time.Duration) {
	p.mu.Lock()
	reason := p.reason(err)
	p.failures++
	givenUp := p.failures == maxFailures
	p.mu.Unlock()
	p.update(fmt.Sprintf("%s died: %s; restart in %s", p.spec.name, reason, delay), func(i *Process) {
		i.State, i.PID, i.Restarts, i.Problem, i.LastEnd = StateWaiting, 0, i.Restarts+1, reason, reason
	})
	if !givenUp {
		return
	}
	select {
	case p.failed <- fmt.Errorf("%s cannot start: %s (log: %s)", p.spec.name, reason, state.ShortPath(LogFile(p.dir, p.spec.name))):
	default: // the start is over, nobody reads it
	}
}

// reason says in one line why the program ended: from its log, or else from its exit status.
func (p *process) reason(err error) string {
	how := "exit status 0"
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		how = exit.Error()
	case err != nil:
		return err.Error()
	}
	if exit != nil && exit.Sys().(syscall.WaitStatus).Signaled() {
		return how // killed from outside: its log does not say why
	}
	if line := deathReason(LogFile(p.dir, p.spec.name), p.logOffset); line != "" {
		return fmt.Sprintf("%s (%s)", line, how)
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
