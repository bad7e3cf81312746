// Package runner tests that the official `dapr run -f dapr.yaml` runs the same system as `stoa up` does.
package runner

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"stoa/internal/stack"
	"stoa/internal/stack/description"
	"stoa/internal/stack/secrets"
	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/system"
)

// startLimit is how long the official program may take: it starts one app after another, each with a sidecar.
const startLimit = 3 * time.Minute

func TestOfficialRunner_takesAnOrder(t *testing.T) {
	root, described := newCheckout(t)
	run := start(t, root)

	shop := shopOf(t, described, run)
	product := shop.NewProduct(t, shop.SignIn(t, "staff"), 5)
	customer := shop.SignUp(t)
	order := shop.PlaceOrder(t, customer, product.ID, 2)
	shop.AwaitOrder(t, customer, order.ID, "confirmed")
	shop.Browser(t).Buy(t, shop.SignUp(t), product, 1)

	stop(t, root, run)
	for _, app := range described.Apps {
		system.Closed(t, app.ID, app.Ports)
	}
}

// What a command has started goes when it does, even what it does not end itself, and the broker with it.
func TestRun_leavesNothingBehind(t *testing.T) {
	root, _ := newCheckout(t)
	command := exec.Command(filepath.Join(root, "bin/stoa"), "run", "--", "sh", "-c", "sleep 600 & echo $! >child; exit 3")
	command.Dir = root
	out, err := command.CombinedOutput()
	if err == nil || !bytes.Contains(out, []byte("sh ended by itself: exit status 3")) {
		t.Errorf("%v\n%s", err, out)
	}
	text := must.Get(os.ReadFile(filepath.Join(root, "child")))(t)
	child := must.Get(strconv.Atoi(string(bytes.TrimSpace(text))))(t)
	system.Eventually(t, "its child is gone", func() error {
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
func newCheckout(t *testing.T) (root string, described *description.System) {
	t.Helper()
	root = system.Checkout(t, "bin", "components", "tools")
	return root, system.FirstStart(t, root)
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
	output := must.Get(os.Create(filepath.Join(root, "output")))(t)
	command := exec.Command(filepath.Join(root, "bin/stoa"), "run", "--", "bin/dapr", "run", "-f", description.File)
	command.Dir, command.Stdout, command.Stderr = root, output, output
	must.Do(t, command.Start())
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

// shopOf waits until the gateway and all that it needs is ready.
func shopOf(t *testing.T, described *description.System, run *running) *client.Shop {
	t.Helper()
	for _, app := range described.Apps {
		port := cmp.Or(app.Ports[description.PortProbe], app.Ports[description.PortApp])
		awaitReady(t, run, fmt.Sprintf("http://127.0.0.1:%d/readyz", port))
	}
	return client.Connect(described.GatewayURL(), must.Get(secrets.Credentials(described.Root))(t))
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
