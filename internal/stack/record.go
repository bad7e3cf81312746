package stack

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// Phase is where a whole stack is in its life.
type Phase string

// The phases of a stack.
const (
	PhaseStarting Phase = "starting"
	PhaseReady    Phase = "ready"
	PhaseStopping Phase = "stopping"
	PhaseStopped  Phase = "stopped"
	PhaseFailed   Phase = "failed" // could not be started; Record.Error says why
)

// Record is what a running stack writes down about itself in .stoa/run/state.json, for the other commands to read.
type Record struct {
	Phase      Phase     `json:"phase"`
	Error      string    `json:"error,omitempty"`
	Supervisor Process   `json:"supervisor"`
	Gateway    string    `json:"gateway,omitempty"`
	Folders    []string  `json:"folders"` // of components
	Processes  []Process `json:"processes"`
}

// MTLS tells whether the sidecars know each other by certificates.
func (r Record) MTLS() bool {
	return slices.ContainsFunc(r.Processes, func(p Process) bool { return p.Kind == KindSentry })
}

func runFolder(dir string) string  { return filepath.Join(dir, StateFolder, "run") }
func recordFile(dir string) string { return filepath.Join(runFolder(dir), "state.json") }
func lockPath(dir string) string   { return filepath.Join(runFolder(dir), "lock") }

// ReadRecord reads the record in the state directory dir; where nothing ever ran it is empty, with phase stopped.
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
		return Record{}, fmt.Errorf("%s is broken (%w); delete it", shortPath(recordFile(dir)), err)
	}
	for i := range r.Processes {
		if r.Processes[i].Alive() {
			r.Processes[i].Memory = memory(r.Processes[i].PID)
		}
	}
	return r, nil
}

// Running tells whether a supervisor works on the state directory dir. Its lock is the truth: it goes when the
// supervisor does, however that ends.
func Running(dir string) bool {
	if _, err := os.Stat(lockPath(dir)); err != nil {
		return false
	}
	lock, err := lockFile(lockPath(dir))
	if err == nil {
		lock.Close()
	}
	return errors.Is(err, errLocked)
}

// LeftOvers lists the processes that an earlier supervisor recorded and that outlived it.
func (r Record) LeftOvers() []Process {
	return slices.DeleteFunc(slices.Clone(r.Processes), func(p Process) bool { return !p.Alive() })
}

// EndLeftOvers ends what outlived a supervisor that was killed, and tells what it ended. Call it only while no
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
		return nil, fmt.Errorf("pid %d (%s) of an earlier run cannot be ended; end it by hand", left[i].PID, left[i].Name)
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
