package stack

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"syscall"
	"time"

	"stoa/internal/stack/state"
)

// Phase is the state of a whole stack.
type Phase string

// The phases of a stack.
const (
	PhaseStarting Phase = "starting"
	PhaseReady    Phase = "ready"
	PhaseStopping Phase = "stopping"
	PhaseStopped  Phase = "stopped"
	PhaseFailed   Phase = "failed" // the start failed; Record.Error says why
)

// Record is what a running stack writes about itself into .stoa/run/state.json, for the other commands.
type Record struct {
	Phase      Phase     `json:"phase"`
	Error      string    `json:"error,omitempty"`
	Supervisor Process   `json:"supervisor"`
	Gateway    string    `json:"gateway,omitempty"`
	Folders    []string  `json:"folders"` // of components
	Processes  []Process `json:"processes"`
}

// MTLS reports whether the sidecars identify each other by certificates.
func (r Record) MTLS() bool {
	return slices.ContainsFunc(r.Processes, func(p Process) bool { return p.Kind == KindSentry })
}

func recordFile(dir string) string { return state.Path(dir, "run", "state.json") }
func lockPath(dir string) string   { return state.Path(dir, "run", "lock") }

// ReadRecord reads the record in the state directory dir. Before the first start it is empty, with phase stopped.
func ReadRecord(dir string) (Record, error) {
	text, err := os.ReadFile(recordFile(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return Record{Phase: PhaseStopped}, nil
	}
	if err != nil {
		return Record{}, err
	}
	var r Record
	if err := json.Unmarshal(text, &r); err != nil {
		return Record{}, fmt.Errorf("%s is not valid (%w); delete it", state.ShortPath(recordFile(dir)), err)
	}
	for i := range r.Processes {
		if r.Processes[i].Alive() {
			r.Processes[i].Memory = memory(r.Processes[i].PID)
		}
	}
	return r, nil
}

// Running reports whether a supervisor uses the state directory dir. It tries the lock, which ends with the supervisor even
// if that is killed.
func Running(dir string) bool {
	if _, err := os.Stat(lockPath(dir)); err != nil {
		return false
	}
	lock, err := state.Lock(lockPath(dir))
	if err == nil {
		lock.Close()
	}
	return errors.Is(err, state.ErrLocked)
}

// LeftOvers lists the recorded processes that still run.
func (r Record) LeftOvers() []Process {
	return slices.DeleteFunc(slices.Clone(r.Processes), func(p Process) bool { return !p.Alive() })
}

// EndLeftOvers ends the processes that still run after a supervisor was killed, and returns them. Call it only while no
// supervisor runs.
func EndLeftOvers(dir string) ([]Process, error) {
	record, err := ReadRecord(dir)
	if err != nil {
		return nil, err
	}
	left := record.LeftOvers()
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		for _, p := range left {
			if p.Alive() {
				_ = syscall.Kill(-p.PID, sig)
			}
		}
		waitGone(left, 5*time.Second)
	}
	if i := slices.IndexFunc(left, Process.Alive); i >= 0 {
		return nil, fmt.Errorf("pid %d (%s) of an earlier run does not end; end it by hand", left[i].PID, left[i].Name)
	}
	return left, nil
}

func waitGone(processes []Process, limit time.Duration) {
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if !slices.ContainsFunc(processes, Process.Alive) {
			return
		}
	}
}
