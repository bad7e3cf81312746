// Package stack tests the stack and the operator's command with real sidecars, the repository's own dapr.yaml and
// components, and one small program in the place of every app.
package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"stoa/internal/stack"
	"stoa/internal/stack/description"
	"stoa/internal/stack/secrets"
	"stoa/internal/stack/state"
)

// patience is how long a test waits for something that takes a moment on an idle machine.
const patience = 60 * time.Second

// programs is a folder with stoa and the fake app.
var programs string

func TestMain(m *testing.M) {
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	var err error
	if programs, err = os.MkdirTemp("", "stoa-programs-"); err != nil {
		fmt.Println(err)
		return 1
	}
	defer os.RemoveAll(programs)
	for name, source := range map[string]string{"stoa": "stoa/cmd/stoa", "fakeapp": "../../internal/stack/testdata/fakeapp"} {
		build := exec.Command("go", "build", "-o", filepath.Join(programs, name), source)
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Printf("building %s: %v\n%s", name, err, out)
			return 1
		}
	}
	return m.Run()
}

// describe is the repository's description with the fake app in the place of every app.
func describe(t *testing.T) *description.System {
	t.Helper()
	desc, err := description.Load(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	for i := range desc.Apps {
		desc.Apps[i].Command = []string{filepath.Join(programs, "fakeapp")}
	}
	return desc
}

func newStack(t *testing.T, desc *description.System, dir string) *stack.Stack {
	t.Helper()
	s, err := stack.New(desc, stack.Options{
		Dir: dir, FreePorts: true, Log: io.Discard, Broker: []string{filepath.Join(programs, "stoa"), "broker"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// start starts everything and stops it with the test.
func start(t *testing.T) *stack.Stack {
	t.Helper()
	s := newStack(t, describe(t), t.TempDir())
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

func find(t *testing.T, processes []stack.Process, name string) stack.Process {
	t.Helper()
	for _, p := range processes {
		if p.Name == name {
			return p
		}
	}
	t.Fatalf("no process %s in %v", name, processes)
	return stack.Process{}
}

// eventually waits until condition holds.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("still not after %s: %s", patience, what)
		}
	}
}

// token is what a sidecar of the state directory asks its callers for.
func token(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, state.Folder, "tokens.json"))
	if err != nil {
		t.Fatal(err)
	}
	var tokens secrets.Tokens
	if err := json.Unmarshal(text, &tokens); err != nil {
		t.Fatal(err)
	}
	return tokens.Dapr
}
