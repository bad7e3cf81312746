// Package hosts tests sidecars that find each other on several hosts of one network, by multicast DNS, instead of in a
// file on one. The hosts are network namespaces, which Linux has and root may make.
package hosts

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"stoa/internal/stack"
	"stoa/internal/stack/tools"
	"stoa/pkg/common/must"
	"stoa/test/system"
)

const (
	calledApp = "inventory-worker"
	appPort   = "8106"
	httpPort  = "13600"
	// deadline is how long a caller waits for one answer.
	deadline = time.Second
	// answerVariable makes this program the app of the host that it names.
	answerVariable = "STOA_TEST_HOST"
)

func TestMain(m *testing.M) {
	if name := os.Getenv(answerVariable); name != "" {
		err := http.ListenAndServe("127.0.0.1:"+appPort, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, name)
		}))
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// A sidecar on one host finds an app on two others, spreads its calls, and goes on when the sidecar of one is killed, and
// when its host is cut off.
func TestResolution_findsAppsOnSeveralHosts(t *testing.T) {
	if reason := missing(); reason != "" {
		t.Skipf("NOT TESTED: name resolution over several hosts. %s.", reason)
	}
	wire, hosts := newNetwork(t, "a", "b", "c")
	l := newLauncher(t)
	l.sidecar(hosts["a"], "order-api")
	stops := map[string]func(){}
	for _, name := range []string{"b", "c"} {
		l.app(hosts[name])
		stops[name] = l.sidecar(hosts[name], calledApp, "--app-port", appPort)
	}
	caller := callerOn(hosts["a"])
	// The first to answer is found at once, the others some seconds later.
	system.Eventually(t, "both hosts answer", func() error { return answeredBy(t, caller, "b", "c") })

	stops["c"]()
	everyCallIsAnswered(t, caller)
	l.sidecar(hosts["c"], calledApp, "--app-port", appPort)
	system.Eventually(t, "both hosts answer again", func() error { return answeredBy(t, caller, "b", "c") })

	wire.unplug(t, hosts["c"])
	for range 10 {
		if name := caller.insist(t); name != "b" {
			t.Errorf("%q answered, which is cut off", name)
		}
	}
	system.Eventually(t, "the dead connection is noticed, and every call is answered at once", func() error {
		return answeredBy(t, caller, "b")
	})
}

func everyCallIsAnswered(t *testing.T, c caller) {
	t.Helper()
	for range 10 {
		if name, err := c.call(t.Context()); err != nil || name != "b" {
			t.Errorf("answered by %q, %v", name, err)
		}
	}
}

// caller calls the app by the sidecar of a host.
type caller struct {
	http http.Client
	url  string
}

func callerOn(h host) caller {
	transport := &http.Transport{DialContext: h.dial}
	return caller{http.Client{Transport: transport, Timeout: deadline}, "http://127.0.0.1:" + httpPort + "/whoami"}
}

// call returns the name of the host that answered.
func (c caller) call(ctx context.Context) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url, nil)
	if err != nil {
		return "", err
	}
	request.Header.Set("dapr-app-id", calledApp)
	response, err := c.http.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, body)
	}
	return string(body), err
}

// insist calls as one who needs the answer: a second time if the first gives none. Two hosts take turns.
func (c caller) insist(t *testing.T) string {
	t.Helper()
	name, err := c.call(t.Context())
	if err != nil {
		again, secondErr := c.call(t.Context())
		if secondErr != nil {
			t.Errorf("two calls, no answer: %v, %v", err, secondErr)
		}
		return again
	}
	return name
}

// answeredBy calls a few times and wants each of the hosts to answer its share, give or take one in five.
func answeredBy(t *testing.T, c caller, names ...string) error {
	t.Helper()
	const calls = 20
	counts := map[string]int{}
	for range calls {
		name, err := c.call(t.Context())
		if err != nil {
			return err
		}
		counts[name]++
	}
	t.Logf("%d calls were answered by %v", calls, counts)
	for _, name := range names {
		if share := calls / len(names); counts[name] < share-share/5 || counts[name] > share+share/5 {
			return fmt.Errorf("%d of %d calls by %s", counts[name], calls, name)
		}
	}
	return nil
}

// launcher starts programs on hosts, and ends them with the test.
type launcher struct {
	*testing.T
	spawner *stack.Spawner
	root    string
	daprd   string
	dir     string
}

func newLauncher(t *testing.T) launcher {
	t.Helper()
	root := system.Root(t)
	daprd := must.Get(tools.FindDaprd(root))(t)
	l := launcher{t, stack.NewSpawner(), root, daprd, t.TempDir()}
	t.Cleanup(l.spawner.Close)
	return l
}

func (l launcher) app(h host) {
	l.Helper()
	program := h.command(os.Args[0])
	program.Env = append(os.Environ(), answerVariable+"="+h.name)
	l.start(h.name+".app", program)
}

// sidecar starts a sidecar with the repository's own configuration for several hosts. The result kills it.
func (l launcher) sidecar(h host, app string, args ...string) (kill func()) {
	l.Helper()
	program := h.command(l.daprd, append([]string{
		"--app-id", app, "--dapr-http-port", httpPort, "--dapr-listen-addresses", "127.0.0.1",
		"--dapr-internal-grpc-port", "13800", "--dapr-internal-grpc-listen-address", h.address,
		"--config", filepath.Join(l.root, "components/config/apps", app+".yaml"),
		"--config", filepath.Join(l.root, "components/config/mdns.yaml"),
		"--resources-path", filepath.Join(l.root, "components/config/resiliency"),
	}, args...)...)
	program.Env = append(os.Environ(), "DAPR_HOST_IP="+h.address)
	return l.start(h.name+".sidecar", program)
}

func (l launcher) start(name string, program *exec.Cmd) (kill func()) {
	l.Helper()
	log := must.Get(os.OpenFile(filepath.Join(l.dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600))(l)
	program.Dir, program.Stdout, program.Stderr = l.dir, log, log
	must.Do(l, l.spawner.Start(program))
	kill = sync.OnceFunc(func() {
		_ = program.Process.Kill() // fails only if it has ended
		_ = program.Wait()
		log.Close()
	})
	l.Cleanup(func() {
		kill()
		if text, _ := os.ReadFile(log.Name()); l.Failed() {
			l.Logf("%s:\n%s", name, text[max(0, len(text)-2000):])
		}
	})
	return kill
}
