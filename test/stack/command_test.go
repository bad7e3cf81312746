package stack

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"stoa/internal/stack"
	"stoa/internal/stack/description"
	"stoa/internal/stack/secrets"
	"stoa/internal/stack/state"
)

// checkout is a copy of what `stoa` needs of the repository, on ports of its own.
type checkout struct {
	t    *testing.T
	root string
}

func newCheckout(t *testing.T) checkout {
	t.Helper()
	c := checkout{t, t.TempDir()}
	repository, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"components", "go.mod", "tools"} {
		c.link(filepath.Join(repository, name), name)
	}
	text, err := os.ReadFile(filepath.Join(repository, description.File))
	if err != nil {
		t.Fatal(err)
	}
	ports := freePorts(t)
	moved := regexp.MustCompile(`(?i)(port: )\d+`).ReplaceAllFunc(text, func(match []byte) []byte {
		return fmt.Appendf(nil, "%s %d", match[:bytes.IndexByte(match, ' ')], ports())
	})
	c.write(description.File, moved)
	desc, err := description.Load(c.root)
	if err != nil {
		t.Fatal(err)
	}
	c.link(filepath.Join(programs, "stoa"), "bin/stoa")
	for _, app := range desc.Apps {
		c.link(filepath.Join(programs, "fakeapp"), app.Command[0])
	}
	c.firstStart(desc)
	t.Cleanup(func() { _, _ = c.stoa("down") })
	return c
}

// firstStart makes the secrets, and with them a port for the broker that is not the one of a running shop.
func (c checkout) firstStart(desc *description.System) {
	c.t.Helper()
	s := newStack(c.t, desc, c.root)
	if err := s.Start(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
	if err := s.Stop(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
}

// freePorts hands out ports that no other stack takes, until the test ends.
func freePorts(t *testing.T) func() int {
	pool := &stack.PortPool{}
	t.Cleanup(pool.Release)
	return func() int {
		port, err := pool.Take()
		if err != nil {
			t.Fatal(err)
		}
		return port
	}
}

func (c checkout) link(target, name string) {
	c.t.Helper()
	path := filepath.Join(c.root, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.Symlink(target, path)); err != nil {
		c.t.Fatal(err)
	}
}

func (c checkout) write(name string, text []byte) {
	c.t.Helper()
	if err := os.WriteFile(filepath.Join(c.root, name), text, 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// stoa runs the command as a person would and returns all that it prints.
func (c checkout) stoa(args ...string) (string, error) {
	command := exec.Command(filepath.Join(c.root, "bin", "stoa"), args...)
	command.Dir = c.root
	out, err := command.CombinedOutput()
	return string(out), err
}

// succeeds runs a command that has to exit with 0 and to print what is wanted.
func (c checkout) succeeds(want string, args ...string) string {
	c.t.Helper()
	out, err := c.stoa(args...)
	if err != nil || !strings.Contains(out, want) {
		c.t.Fatalf("stoa %v: %v, want %q in:\n%s", args, err, want, out)
	}
	return out
}

// fails runs a command that has to exit with 1 and to print one line with all that is wanted, and nothing may run then.
func (c checkout) fails(command string, wants ...string) {
	c.t.Helper()
	out, err := c.stoa(strings.Fields(command)...)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 {
		c.t.Fatalf("stoa %s: %v, want exit status 1\n%s", command, err, out)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	for _, want := range wants {
		if !strings.Contains(lines[len(lines)-1], want) {
			c.t.Errorf("stoa %s: no %q in its last line:\n%s", command, want, out)
		}
	}
	if record := c.record(); stack.Running(c.root) || len(record.LeftOvers()) > 0 {
		c.t.Errorf("stoa %s left something running: %v", command, record.LeftOvers())
	}
}

func (c checkout) record() stack.Record {
	c.t.Helper()
	record, err := stack.ReadRecord(c.root)
	if err != nil {
		c.t.Fatal(err)
	}
	return record
}

func TestUp_startsWhatDownStops(t *testing.T) {
	c := newCheckout(t)
	c.succeeds("Stoa is ready after", "up", "-d")
	running := c.record().Processes
	c.succeeds("already running", "up", "-d")
	if out, err := c.stoa("up", "-d", "--scale", "order-worker=2"); err == nil || !strings.Contains(out, "`stoa down` first") {
		t.Errorf("a choice that comes too late: %v, %s", err, out)
	}
	var credentials struct {
		Gateway  string
		APIKey   string `json:"api_key"`
		Accounts map[string]secrets.Account
	}
	if err := json.Unmarshal([]byte(c.succeeds("", "credentials", "--json")), &credentials); err != nil {
		t.Fatal(err)
	}
	gateway := find(t, running, "gateway").Ports[description.PortApp]
	if credentials.Gateway != fmt.Sprintf("http://127.0.0.1:%d", gateway) || credentials.APIKey == "" || credentials.Accounts["staff"].Password == "" {
		t.Errorf("credentials: %+v", credentials)
	}
	c.succeeds("staff@stoa.local", "credentials")
	c.succeeds("inventory-worker.sidecar", "status")
	c.succeeds("Starting JetStream", "logs", "broker")
	c.succeeds("running, ready", "doctor")
	c.succeeds("Stoa is stopped.", "down")
	for _, p := range running {
		if p.Alive() {
			t.Errorf("%s outlived `stoa down`", p.Name)
		}
	}
	c.succeeds("Nothing runs.", "down")
	c.succeeds("Stoa is stopped.", "status")
}

func TestUp_stopsOnInterrupt(t *testing.T) {
	c := newCheckout(t)
	command := exec.Command(filepath.Join(c.root, "bin", "stoa"), "up", "--scale", "order-worker=2")
	command.Dir = c.root
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, &out
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is ready", func() bool { return c.record().Phase == stack.PhaseReady })
	running := c.record().Processes
	find(t, running, "order-worker-2.sidecar")
	if err := command.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := command.Wait(); err != nil {
		t.Errorf("%v\n%s", err, out.String())
	}
	for _, p := range running {
		if p.Alive() {
			t.Errorf("%s is still there", p.Name)
		}
	}
}

func TestDown_endsWhatAKilledSupervisorLeft(t *testing.T) {
	c := newCheckout(t)
	c.succeeds("ready", "up", "-d")
	record := c.record()
	if err := syscall.Kill(record.Supervisor.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the supervisor is gone", func() bool { return !stack.Running(c.root) && !record.Supervisor.Alive() })
	c.succeeds("run", "down")
	if left := record.LeftOvers(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	c.succeeds("the last supervisor was killed", "doctor")
	c.succeeds("ready", "up", "-d")
}

func TestUp_failsWithOneClearLine(t *testing.T) {
	c := newCheckout(t)
	desc, err := description.Load(c.root)
	if err != nil {
		t.Fatal(err)
	}
	gateway, _ := desc.App("gateway")
	port := strconv.Itoa(gateway.Ports[description.PortApp])
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	c.fails("up -d", "port "+port, "gateway", "pid "+strconv.Itoa(os.Getpid()))
	listener.Close()

	c.write("bin/renamed", nil)
	if err := os.Rename(filepath.Join(c.root, "bin/auth"), filepath.Join(c.root, "bin/renamed")); err != nil {
		t.Fatal(err)
	}
	c.fails("up -d", "auth needs bin/auth", "make build")

	file := filepath.Join(state.Folder, "secrets.json")
	if err := os.Rename(filepath.Join(c.root, "bin/renamed"), filepath.Join(c.root, "bin/auth")); err != nil {
		t.Fatal(err)
	}
	c.write(file, []byte(`{"NATS_URL": "nats://u:p@127.0.0.1:1"}`))
	c.fails("up -d", "secrets.json", "AUTH_SIGNING_KEY is missing")

	c.write(description.File, []byte("version: 1\napps:\n  - appID: [\n"))
	c.fails("up -d", "dapr.yaml", "line")
	c.fails("doctor", "something is wrong")
}
