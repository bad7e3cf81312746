package stack

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"stoa/internal/stack/description"
	"stoa/internal/stack/state"
	"stoa/pkg/common/must"
)

// patience is how long a test waits for something that takes a moment on an idle machine.
const patience = 30 * time.Second

var (
	fake string // the program that replaces the apps and their sidecars
	stoa string // the operator's command, which runs the broker
)

// TestMain lets the test binary also run as a supervisor that a test can kill.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "supervise" {
		os.Exit(superviseRoot(os.Args[2], os.Args[3]))
	}
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	folder, err := os.MkdirTemp("", "stoa-programs-")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer os.RemoveAll(folder)
	usePrograms(folder)
	for program, source := range map[string]string{fake: "./testdata/fakeapp", stoa: "../../cmd/stoa"} {
		build := exec.Command("go", "build", "-o", program, source)
		build.Env = append(os.Environ(), "CGO_ENABLED=0") // as the Makefile builds it
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Printf("building %s: %v\n%s", source, err, out)
			return 1
		}
	}
	return m.Run()
}

func usePrograms(folder string) {
	fake, stoa = filepath.Join(folder, "fakeapp"), filepath.Join(folder, "stoa")
}

// superviseRoot starts the system in root and does not return.
func superviseRoot(root, programs string) int {
	usePrograms(programs)
	system, err := description.Load(root)
	if err == nil {
		var s *Stack
		if s, err = New(system, fakeOptions(io.Discard)); err == nil {
			err = s.Start(context.Background())
		}
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	select {}
}

func fakeOptions(log io.Writer) Options {
	return Options{FreePorts: true, Log: log, Daprd: fake, Broker: []string{stoa, "broker"}}
}

// fixture makes a folder with a dapr.yaml of two apps, a gateway and a worker, and one topic.
func fixture(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	write(t, filepath.Join(root, "dapr.yaml"), `version: 1
common:
  resourcesPaths: [components/bus/nats]
apps:
  - {appID: gateway, appDirPath: ./, appPort: 8080, command: ["`+fake+`"]}
  - {appID: worker, appDirPath: ./, command: ["`+fake+`"], env: {PROBE_PORT: 8201}}
`)
	must.Do(t, os.CopyFS(filepath.Join(root, "components/bus/nats"), os.DirFS("testdata/bus")))
	return root
}

func write(t *testing.T, path, text string) {
	t.Helper()
	must.Do(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must.Do(t, os.WriteFile(path, []byte(text), 0o600))
}

// newFake makes a stack of the fixture; change may change the options.
func newFake(t *testing.T, root string, change func(*Options)) (*Stack, *lines) {
	t.Helper()
	system := must.Get(description.Load(root))(t)
	log := &lines{}
	options := fakeOptions(log)
	if change != nil {
		change(&options)
	}
	s := must.Get(New(system, options))(t)
	return s, log
}

// startFake starts a stack of the fixture and stops it with the test.
func startFake(t *testing.T, change func(*Options)) (*Stack, *lines) {
	t.Helper()
	s, log := newFake(t, fixture(t), change)
	must.Do(t, s.Start(t.Context()))
	t.Cleanup(func() {
		if err := s.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s, log
}

// eventually waits until condition is true.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("still not after %s: %s", patience, what)
		}
	}
}

// find returns the process of that name.
func find(t *testing.T, s *Stack, name string) Process {
	t.Helper()
	all := s.Processes()
	i := slices.IndexFunc(all, func(p Process) bool { return p.Name == name })
	if i < 0 {
		t.Fatalf("no process %s in %v", name, all)
	}
	return all[i]
}

// lines collects the log of a stack.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// stateDir is a directory with an empty state.
func stateDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	must.Do(t, os.MkdirAll(state.Path(dir, "run"), 0o700))
	return dir
}
