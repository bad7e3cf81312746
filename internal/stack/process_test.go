package stack

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// A process that waits for its restart does not start again when it is stopped.
func TestProcess_stopDuringTheDelayStartsNothing(t *testing.T) {
	dir := t.TempDir()
	write(t, LogFile(dir, "dies"), "")
	spawner := NewSpawner()
	t.Cleanup(spawner.Close)
	starts := 0
	var p *process
	p = newProcess(spec{name: "dies", command: []string{"false"}, dir: dir}, dir, spawner, func(now Process, _ string) {
		switch now.State {
		case StateStarting:
			starts++
		case StateWaiting:
			p.cancel()
		}
	})
	p.start()
	<-p.done
	if starts != 1 || p.snapshot().State != StateStopped {
		t.Errorf("started %d times, and is %s", starts, p.snapshot().State)
	}
}

// Somebody who restarts a program again and again does not wait longer each time: only what fails is held back.
func TestProcess_RestartsWithoutBackOffWhenAskedTo(t *testing.T) {
	dir := t.TempDir()
	write(t, LogFile(dir, "asked"), "")
	up := filepath.Join(dir, "up")
	spawner := NewSpawner()
	t.Cleanup(spawner.Close)
	var p *process
	var restarts []string
	ready := func(context.Context) error { _, err := os.Stat(up); return err }
	command := []string{"sh", "-c", `trap "exit 0" TERM; touch up; while :; do sleep 0.01; done`}
	p = newProcess(spec{name: "asked", command: command, dir: dir, ready: ready}, dir, spawner, func(now Process, line string) {
		switch now.State {
		case StateReady:
			_ = os.Remove(up)
			_ = syscall.Kill(now.PID, syscall.SIGTERM)
		case StateWaiting:
			if restarts = append(restarts, line); len(restarts) == 3 {
				p.cancel()
			}
		}
	})
	p.start()
	<-p.done
	for _, line := range restarts {
		if !strings.HasSuffix(line, "restart in 100ms") {
			t.Errorf("got %q", line)
		}
	}
	if now := p.snapshot(); now.Restarts != 3 || now.Asked != 3 || now.LastEnd != "" {
		t.Errorf("got %+v", now)
	}
}

// A sidecar that cannot load a component logs that, and answers that it is ready for a moment before it ends.
func TestProcess_isNotReadyAfterItsLastWords(t *testing.T) {
	const lastWords = "will exit"
	dir := t.TempDir()
	ready := func(context.Context) error { return nil }
	p := newProcess(spec{name: "ends", dir: dir, ready: ready, lastWords: lastWords}, dir, nil, nil)
	earlier := lastWords + "\n"
	write(t, LogFile(dir, "ends"), earlier)
	p.logOffset = int64(len(earlier))
	if err := p.probe(t.Context()); err != nil {
		t.Errorf("what an earlier run has logged counts: %v", err)
	}
	write(t, LogFile(dir, "ends"), earlier+"a component: "+lastWords)
	if err := p.probe(t.Context()); err == nil {
		t.Error("it is ready although it ends")
	}
}

// A sidecar that finds the file of names locked goes on without a name, and answers that it is ready.
func TestProcess_startsAgainWhatRunsWithoutWhatItNeeds(t *testing.T) {
	dir := t.TempDir()
	write(t, LogFile(dir, "nameless"), "")
	spawner := NewSpawner()
	t.Cleanup(spawner.Close)
	// Its first run says that it has no name.
	command := []string{"sh", "-c", `trap "exit 0" TERM; [ -e named ] || echo "no name"; touch named up; while :; do sleep 0.01; done`}
	ready := func(context.Context) error { _, err := os.Stat(filepath.Join(dir, "up")); return err }
	var p *process
	var states []State
	p = newProcess(spec{name: "nameless", command: command, dir: dir, ready: ready, crippled: "no name"}, dir, spawner,
		func(now Process, _ string) {
			if states = append(states, now.State); now.State == StateWaiting {
				_ = os.Remove(filepath.Join(dir, "up"))
			}
			if now.State == StateReady {
				p.cancel()
			}
		})
	p.start()
	<-p.done
	want := []State{StateStarting, StateWaiting, StateStarting, StateReady, StateStopped}
	if !slices.Equal(states, want) {
		t.Errorf("it is %v, want %v", states, want)
	}
	if problem := p.snapshot().LastEnd; !strings.Contains(problem, "no name") {
		t.Errorf("its end says %q", problem)
	}
}
