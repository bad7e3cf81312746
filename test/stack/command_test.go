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
	"strconv"
	"strings"
	"syscall"
	"testing"

	"stoa/internal/stack"
	"stoa/internal/stack/description"
	"stoa/internal/stack/secrets"
	"stoa/internal/stack/state"
	"stoa/pkg/common/must"
	"stoa/test/system"
)

// checkout is a copy of what `stoa` needs of the repository, on ports of its own.
type checkout struct {
	t    *testing.T
	root string
}

func newCheckout(t *testing.T) checkout {
	t.Helper()
	c := checkout{t, system.Checkout(t, "components", "go.mod", "tools")}
	c.link("stoa", "bin/stoa")
	for _, app := range must.Get(description.Load(c.root))(t).Apps {
		c.link("fakeapp", app.Command[0])
	}
	system.FirstStart(t, c.root)
	t.Cleanup(func() { _, _ = c.stoa("down") })
	return c
}

// link puts a program into the checkout.
func (c checkout) link(program, name string) {
	c.t.Helper()
	if !filepath.IsAbs(name) {
		name = filepath.Join(c.root, name)
	}
	system.Link(c.t, filepath.Join(programs, program), name)
}

func (c checkout) write(name string, text []byte) {
	c.t.Helper()
	must.Do(c.t, os.WriteFile(filepath.Join(c.root, name), text, 0o600))
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
	return must.Get(stack.ReadRecord(c.root))(c.t)
}

func TestUp_startsWhatDownStops(t *testing.T) {
	t.Parallel()
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
	must.Do(t, json.Unmarshal([]byte(c.succeeds("", "credentials", "--json")), &credentials))
	gateway := system.Find(t, running, "gateway").Ports[description.PortApp]
	if credentials.Gateway != fmt.Sprintf("http://127.0.0.1:%d", gateway) || credentials.APIKey == "" || credentials.Accounts["staff"].Password == "" {
		t.Errorf("credentials: %+v", credentials)
	}
	c.succeeds("staff@stoa.local", "credentials")
	c.succeeds("inventory-worker.sidecar", "status")
	c.succeeds("Server is ready", "logs", "broker")
	c.succeeds("running, ready", "doctor")
	c.succeeds("Stoa is stopped.", "down")
	system.Gone(t, running)
	c.succeeds("Nothing runs.", "down")
	c.succeeds("Stoa is stopped.", "status")
}

func TestUp_stopsOnInterrupt(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	command := exec.Command(filepath.Join(c.root, "bin", "stoa"), "up", "--scale", "order-worker=2")
	command.Dir = c.root
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, &out
	must.Do(t, command.Start())
	system.Eventually(t, "it is ready", func() error {
		if record := c.record(); record.Phase != stack.PhaseReady {
			return fmt.Errorf("it is %s", record.Phase)
		}
		return nil
	})
	running := c.record().Processes
	system.Find(t, running, "order-worker-2.sidecar")
	must.Do(t, command.Process.Signal(os.Interrupt))
	if err := command.Wait(); err != nil {
		t.Errorf("%v\n%s", err, out.String())
	}
	system.Gone(t, running)
}

func TestDown_endsWhatAKilledSupervisorLeft(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	c.succeeds("ready", "up", "-d")
	record := c.record()
	must.Do(t, syscall.Kill(record.Supervisor.PID, syscall.SIGKILL))
	system.Eventually(t, "the supervisor is gone", func() error {
		if stack.Running(c.root) || record.Supervisor.Alive() {
			return errors.New("it is there")
		}
		return nil
	})
	c.succeeds("run", "down")
	if left := record.LeftOvers(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	c.succeeds("the last supervisor was killed", "doctor")
	c.succeeds("ready", "up", "-d")
}

func TestUp_failsWithOneClearLine(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	desc := must.Get(description.Load(c.root))(t)
	gateway, _ := desc.App("gateway")
	port := strconv.Itoa(gateway.Ports[description.PortApp])
	listener := must.Get(net.Listen("tcp", "127.0.0.1:"+port))(t)
	c.fails("up -d", "port "+port, "gateway", "pid "+strconv.Itoa(os.Getpid()))
	listener.Close()

	c.write("bin/renamed", nil)
	must.Do(t, os.Rename(filepath.Join(c.root, "bin/auth"), filepath.Join(c.root, "bin/renamed")))
	c.fails("up -d", "auth needs bin/auth", "make build")

	file := filepath.Join(state.Folder, "secrets.json")
	must.Do(t, os.Rename(filepath.Join(c.root, "bin/renamed"), filepath.Join(c.root, "bin/auth")))
	c.write(file, []byte(`{"NATS_URL": "nats://u:p@127.0.0.1:1"}`))
	c.fails("up -d", "secrets.json", "AUTH_SIGNING_KEY is missing")

	c.write(description.File, []byte("version: 1\napps:\n  - appID: [\n"))
	c.fails("up -d", "dapr.yaml", "line")
	c.fails("doctor", "something is wrong")
}
