// Package runner tests that the official `dapr run -f dapr.yaml` runs the same system as `stoa up` does.
package runner

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"testing"
	"time"

	"stoa/internal/stack"
	"stoa/internal/stack/description"
	"stoa/internal/stack/secrets"
	"stoa/test/client"
)

// startLimit is how long the official program may take: it starts one app after another, each with a sidecar.
const startLimit = 3 * time.Minute

func TestOfficialRunner_takesAnOrder(t *testing.T) {
	root := newCheckout(t)
	run := start(t, root)

	shop := shopAt(t, root, run)
	product := shop.NewProduct(t, shop.SignIn(t, "staff"), 5)
	customer := shop.SignUp(t)
	order := shop.PlaceOrder(t, customer, product.ID, 2)
	shop.AwaitOrder(t, customer, order.ID, "confirmed")

	stop(t, root, run)
	nothingListens(t, root)
}

// What a command has started goes when it does, even what it does not end itself, and the broker with it.
func TestRun_leavesNothingBehind(t *testing.T) {
	root := newCheckout(t)
	command := exec.Command(filepath.Join(root, "bin/stoa"), "run", "--", "sh", "-c", "sleep 600 & echo $! >child; exit 3")
	command.Dir = root
	out, err := command.CombinedOutput()
	if err == nil || !bytes.Contains(out, []byte("sh ended by itself: exit status 3")) {
		t.Errorf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(filepath.Join(root, "child"))
	if err != nil {
		t.Fatal(err)
	}
	child, err := strconv.Atoi(string(bytes.TrimSpace(text)))
	if err != nil {
		t.Fatal(err)
	}
	client.Eventually(t, "its child is gone", func() error {
		if state := stateOf(child); state != "" && state != "Z" {
			return fmt.Errorf("it is in state %s", state)
		}
		return nil
	})
	if stack.Running(root) {
		t.Error("the broker is still there")
	}
}

// stateOf is the state of a process, "" once it is gone (proc_pid_stat(5)). One that nobody has waited for is a zombie.
func stateOf(pid int) string {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	_, rest, _ := bytes.Cut(stat, []byte(") "))
	return string(rest[:1])
}

// newCheckout is what a person has after `make build`, in a folder and on ports of its own.
func newCheckout(t *testing.T) string {
	t.Helper()
	root, repository := t.TempDir(), client.Root(t)
	for _, name := range []string{"bin", "components", "tools"} {
		if err := os.Symlink(filepath.Join(repository, name), filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(filepath.Join(repository, description.File))
	if err != nil {
		t.Fatal(err)
	}
	moved := regexp.MustCompile(`(?i)(port: )\d+`).ReplaceAllFunc(text, func(match []byte) []byte {
		return fmt.Appendf(nil, "%s %d", match[:bytes.IndexByte(match, ' ')], freePort(t))
	})
	if err := os.WriteFile(filepath.Join(root, description.File), moved, 0o600); err != nil {
		t.Fatal(err)
	}
	moveBroker(t, root)
	return root
}

// moveBroker makes the secrets of a first start, with a free port in the address of the broker.
func moveBroker(t *testing.T, root string) {
	t.Helper()
	desc := load(t, root)
	s, err := stack.New(desc, stack.Options{Scale: desc.NoApps(), FreePorts: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Start(t.Context()), s.Stop(t.Context())); err != nil {
		t.Fatal(err)
	}
}

func load(t *testing.T, root string) *description.System {
	t.Helper()
	desc, err := description.Load(root)
	if err != nil {
		t.Fatal(err)
	}
	return desc
}

// next is the next port to try. Stacks take theirs from below these, outgoing connections from above.
var next = 32300 + os.Getpid()%200

func freePort(t *testing.T) int {
	t.Helper()
	for ; next < 32768; next++ {
		if listener, err := net.Listen("tcp", ":"+strconv.Itoa(next)); err == nil {
			listener.Close()
			next++
			return next - 1
		}
	}
	t.Fatal("no free port")
	return 0
}

// running is `stoa run -- dapr run -f dapr.yaml`.
type running struct {
	*exec.Cmd
	output *os.File
	ended  chan error
}

// start does what `make dapr-run` does.
func start(t *testing.T, root string) *running {
	t.Helper()
	output, err := os.Create(filepath.Join(root, "output"))
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(filepath.Join(root, "bin/stoa"), "run", "--", "bin/dapr", "run", "-f", description.File)
	command.Dir, command.Stdout, command.Stderr = root, output, output
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	run := &running{command, output, make(chan error, 1)}
	go func() { run.ended <- command.Wait() }()
	t.Cleanup(func() {
		stop(t, root, run)
		if t.Failed() {
			text, _ := os.ReadFile(output.Name())
			t.Logf("%s", text[max(0, len(text)-4000):])
		}
		output.Close()
	})
	return run
}

// shopAt waits until the gateway and all that it needs is ready.
func shopAt(t *testing.T, root string, run *running) *client.Shop {
	t.Helper()
	bootstrap, err := secrets.Credentials(root)
	if err != nil {
		t.Fatal(err)
	}
	desc := load(t, root)
	for _, app := range desc.Apps {
		port := app.Ports[description.PortProbe]
		if port == 0 {
			port = app.Ports[description.PortApp]
		}
		awaitReady(t, run, fmt.Sprintf("http://127.0.0.1:%d/readyz", port))
	}
	return client.Connect(desc.GatewayURL(), bootstrap)
}

func awaitReady(t *testing.T, run *running, url string) {
	t.Helper()
	for deadline := time.Now().Add(startLimit); ; time.Sleep(100 * time.Millisecond) {
		status := 0
		if response, err := http.Get(url); err == nil {
			_, _ = io.Copy(io.Discard, response.Body)
			response.Body.Close()
			status = response.StatusCode
		}
		switch {
		case status == http.StatusOK:
			return
		case time.Now().After(deadline):
			t.Fatalf("%s answers %d", url, status)
		}
		select {
		case err := <-run.ended:
			run.ended <- err
			t.Fatalf("it has ended: %v", err)
		default:
		}
	}
}

// stop does what `make dapr-stop` does.
func stop(t *testing.T, root string, run *running) {
	t.Helper()
	command := exec.Command(filepath.Join(root, "bin/stoa"), "down")
	command.Dir = root
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("stoa down: %v\n%s", err, out)
		_ = run.Process.Signal(syscall.SIGTERM)
	}
	err := <-run.ended
	run.ended <- err
	if err != nil {
		t.Errorf("stoa run: %v", err)
	}
}

// nothingListens looks for what a stopped system may have left behind.
func nothingListens(t *testing.T, root string) {
	t.Helper()
	for _, app := range load(t, root).Apps {
		for role, port := range app.Ports {
			if conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err == nil {
				conn.Close()
				t.Errorf("the %s port of %s is still open", role, app.ID)
			}
		}
	}
}
