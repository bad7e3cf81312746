package system

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"stoa/internal/stack"
	"stoa/pkg/common/must"
)

// Process is the process of this name: the broker, an app, or an app's sidecar.
func (s System) Process(t testing.TB, name string) stack.Process {
	t.Helper()
	return Find(t, s.Processes(), name)
}

// Find is the process of this name among some.
func Find(t testing.TB, processes []stack.Process, name string) stack.Process {
	t.Helper()
	for _, p := range processes {
		if p.Name == name {
			return p
		}
	}
	t.Fatalf("there is no process %s in %v", name, processes)
	return stack.Process{}
}

// Apps are the processes that are apps.
func (s System) Apps() []stack.Process {
	var apps []stack.Process
	for _, p := range s.Processes() {
		if p.Kind == stack.KindApp {
			apps = append(apps, p)
		}
	}
	return apps
}

// Kill ends a process by SIGKILL, and returns when the supervisor has put another in its place.
func (s System) Kill(t testing.TB, name string) {
	t.Helper()
	s.End(t, name, syscall.SIGKILL)
}

// End is Kill by any signal.
func (s System) End(t testing.TB, name string, signal syscall.Signal) {
	t.Helper()
	before := s.Process(t, name)
	must.Do(t, s.Signal(name, signal))
	Eventually(t, name+" is back", func() error { return s.Replaced(before) })
}

// Replaced is nil once the supervisor has put a new process, which is ready, in the place of one that ended.
func (s System) Replaced(ended stack.Process) error {
	for _, p := range s.Processes() {
		if p.Name == ended.Name && p.PID != ended.PID && p.State == stack.StateReady {
			return nil
		}
	}
	return fmt.Errorf("%s is not ready again", ended.Name)
}

// Freeze stops a process in the middle of what it does, and returns once all of its threads have stopped.
func (s System) Freeze(name string) error {
	if err := s.Signal(name, syscall.SIGSTOP); err != nil {
		return err
	}
	for _, p := range s.Processes() {
		if p.Name != name {
			continue
		}
		for deadline := time.Now().Add(Patience); !frozen(p.PID); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				return fmt.Errorf("%s does not stop", name)
			}
		}
	}
	return nil
}

// frozen reports whether every thread of a process is in the state T, stopped (proc_pid_stat(5)).
func frozen(pid int) bool {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	for _, thread := range threads {
		stat, err := os.ReadFile(thread)
		if _, after, ok := strings.Cut(string(stat), ") "); err == nil && (!ok || !strings.HasPrefix(after, "T")) {
			return false
		}
	}
	return true
}

// Thaw lets a frozen process go on.
func (s System) Thaw(name string) error { return s.Signal(name, syscall.SIGCONT) }

// Gone expects that some processes have ended, and that nothing listens on their ports.
func Gone(t testing.TB, processes []stack.Process) {
	t.Helper()
	for _, p := range processes {
		if p.Alive() {
			t.Errorf("%s is still there", p.Name)
		}
		Closed(t, p.Name, p.Ports)
	}
}

// Closed expects that nothing listens on some ports.
func Closed(t testing.TB, of string, ports map[string]int) {
	t.Helper()
	for role, port := range ports {
		if conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			conn.Close()
			t.Errorf("the %s port %d of %s is still open", role, port, of)
		}
	}
}

// LogLines reads the log of a process. What is not a line of its kind is left out.
func LogLines[T any](t testing.TB, dir, process string) []T {
	t.Helper()
	file := must.Get(os.Open(stack.LogFile(dir, process)))(t)
	defer file.Close()
	var lines []T
	scanner := bufio.NewScanner(file)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		var line T
		if json.Unmarshal(scanner.Bytes(), &line) == nil {
			lines = append(lines, line)
		}
	}
	return lines
}
