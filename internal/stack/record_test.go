package stack

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"stoa/internal/stack/state"
	"stoa/pkg/common/must"
)

// startSupervisor runs a supervisor in a process of its own and returns it when all is ready.
func startSupervisor(t *testing.T, root string) (*exec.Cmd, Record) {
	t.Helper()
	supervisor := exec.Command(os.Args[0], "supervise", root, filepath.Dir(fake))
	supervisor.Stdout, supervisor.Stderr = os.Stdout, os.Stderr
	must.Do(t, supervisor.Start())
	var record Record
	eventually(t, "the supervisor is ready", func() bool {
		var err error
		record, err = ReadRecord(root)
		return err == nil && record.Phase == PhaseReady
	})
	return supervisor, record
}

func TestSupervisor_killedLeavesNoChild(t *testing.T) {
	root := fixture(t)
	supervisor, record := startSupervisor(t, root)
	must.Do(t, supervisor.Process.Kill())
	_ = supervisor.Wait()
	if len(record.Processes) != 5 {
		t.Fatalf("got %v, want five processes", record.Processes)
	}
	if runtime.GOOS == "linux" { // elsewhere the next start ends them
		eventually(t, "all children have ended", func() bool { return len(record.LeftOvers()) == 0 })
	}
	if Running(root) {
		t.Error("the lock outlived its supervisor")
	}
	next, _ := newFake(t, root, nil)
	if err := next.Start(t.Context()); err != nil {
		t.Fatalf("a start after that: %v", err)
	}
	if err := next.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestEndLeftOvers_comparesTheIdentity(t *testing.T) {
	dir := stateDir(t)
	spawner := NewSpawner()
	defer spawner.Close()
	var recorded []Process
	exits := make(chan error, 2)
	for _, name := range []string{"left over", "a stranger"} {
		cmd := exec.Command("sleep", "1000")
		must.Do(t, spawner.Start(cmd))
		t.Cleanup(func() { _ = cmd.Process.Kill() })
		go func() { exits <- cmd.Wait() }()
		recorded = append(recorded, Process{Name: name, PID: cmd.Process.Pid, Identity: startTime(cmd.Process.Pid)})
	}
	stranger := recorded[1]
	recorded[1].Identity = "another start time"
	must.Do(t, state.Write(recordFile(dir), Record{Phase: PhaseReady, Processes: recorded}))
	ended, err := EndLeftOvers(dir)
	if err != nil || len(ended) != 1 || ended[0].Name != "left over" {
		t.Errorf("ended %v, %v", ended, err)
	}
	<-exits
	if !stranger.Alive() {
		t.Error("a process that only has the same pid was ended")
	}
}
