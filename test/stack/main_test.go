// Package stack tests the stack and the operator's command with real sidecars, the repository's own dapr.yaml and
// components, and one small program in the place of every app.
package stack

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"stoa/internal/stack"
	"stoa/internal/stack/description"
	"stoa/pkg/common/must"
	"stoa/test/system"
)

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
	code := m.Run()
	if shared.running != nil {
		if err := shared.running.Stop(context.Background()); err != nil {
			fmt.Println(err)
			return 1
		}
	}
	return code
}

// describe is the repository's description with the fake app in the place of every app.
func describe(t *testing.T) *description.System {
	t.Helper()
	desc := must.Get(description.Load(system.Root(t)))(t)
	for i := range desc.Apps {
		desc.Apps[i].Command = []string{filepath.Join(programs, "fakeapp")}
	}
	return desc
}

// options are those of a stack that runs stoa as its broker.
func options() stack.Options {
	return stack.Options{FreePorts: true, Broker: []string{filepath.Join(programs, "stoa"), "broker"}}
}

var shared struct {
	sync.Mutex
	running *stack.Stack
}

// borrow lends a system to a test that breaks something. Such tests take turns.
func borrow(t *testing.T) system.System {
	t.Helper()
	shared.Lock()
	t.Cleanup(shared.Unlock)
	if shared.running == nil {
		o := options()
		o.Dir = filepath.Join(programs, "shared")
		must.Do(t, os.Mkdir(o.Dir, 0o700))
		s := must.Get(stack.New(describe(t), o))(t)
		must.Do(t, s.Start(context.Background()))
		shared.running = s
	}
	return system.System{Stack: shared.running}
}
