package conformance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"stoa/internal/stack"
	"stoa/internal/stack/description"
	"stoa/internal/stack/secrets"
	"stoa/internal/stack/state"
	"stoa/pkg/common/config"
	"stoa/pkg/messaging"
	"stoa/pkg/sidecar"
	"stoa/test/servers"
)

// rig is a stack on a bus and a store, with servers of its own, so that nothing is left of what ran before.
type rig struct {
	*stack.Stack
	pair    pair
	servers map[string]*servers.Server // by kind
}

// setUp starts a rig. Without apps the whole shop runs; otherwise only the sidecars of these apps, and the checks play
// the apps.
func setUp(t *testing.T, p pair, scale map[string]int, apps ...string) (*rig, error) {
	t.Helper()
	r := &rig{pair: p, servers: map[string]*servers.Server{}}
	secrets, err := r.startServers(t)
	if err != nil {
		return nil, err
	}
	if r.Stack, err = r.plan(t, secrets, scale, apps); err != nil {
		return nil, err
	}
	if err := r.Start(t.Context()); err != nil {
		if r.standIn() != "" {
			err = fmt.Errorf("the real server %w, and with %s: %w", errAbsent, r.standIn(), err)
		}
		return nil, err
	}
	t.Cleanup(func() {
		if err := r.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return r, nil
}

// plan describes the stack without starting it.
func (r *rig) plan(t *testing.T, secrets map[string]string, scale map[string]int, apps []string) (*stack.Stack, error) {
	system, err := describeApps(apps)
	if err != nil {
		return nil, err
	}
	dir, err := stateFolder(t)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return stack.New(system, stack.Options{
		Dir: dir, Bus: r.pair.bus, Store: r.pair.store, Scale: scale, FreePorts: true, Secrets: secrets, Log: io.Discard,
		Broker: []string{self, brokerRole},
	})
}

// describeApps is dapr.yaml, reduced to the sidecars of some apps unless none is named.
func describeApps(apps []string) (*description.System, error) {
	all, err := description.Load(filepath.Join("..", ".."))
	if err != nil || len(apps) == 0 {
		return all, err
	}
	only := &description.System{Root: all.Root}
	for _, id := range apps {
		app, ok := all.App(id)
		if !ok {
			return nil, fmt.Errorf("dapr.yaml has no app %s", id)
		}
		app.Command = nil
		delete(app.Ports, description.PortApp)
		only.Apps = append(only.Apps, app)
	}
	return only, nil
}

// stateFolder makes a folder that is kept, for its logs, when the test fails.
func stateFolder(t *testing.T) (string, error) {
	dir, err := os.MkdirTemp("", "stoa-conformance-")
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the logs are in %s", filepath.Join(dir, state.Folder, "logs"))
			return
		}
		_ = os.RemoveAll(dir)
	})
	return dir, err
}

// embedded are the buses and stores that need no server.
var embedded = []string{"nats", "sqlite"}

var programs sync.Map // the kinds of servers whose version was recorded

// startServers starts what the pair needs and returns how to reach it.
func (r *rig) startServers(t *testing.T) (map[string]string, error) {
	secrets := map[string]string{}
	for _, kind := range []string{r.pair.bus, r.pair.store} {
		if slices.Contains(embedded, kind) || r.servers[kind] != nil {
			continue
		}
		if err := servers.Find(kind); err != nil {
			return nil, fmt.Errorf("%s %w: %w", kind, errAbsent, err)
		}
		server, err := servers.Start(t.Context(), kind)
		if err != nil {
			return nil, err
		}
		t.Cleanup(func() {
			if err := server.Stop(); err != nil {
				t.Error(err)
			}
		})
		r.servers[kind] = server
		maps.Copy(secrets, server.Secrets)
		if _, known := programs.LoadOrStore(kind, true); !known {
			took(kind, server.Version, server.StandIn)
		}
	}
	return secrets, nil
}

func (r *rig) standIn() string {
	for _, server := range r.servers {
		if server.StandIn != "" {
			return server.StandIn
		}
	}
	return ""
}

// outage takes a broker or a database away, by SIGKILL, and brings it back with the same data.
type outage interface {
	down() error
	up(ctx context.Context) error
}

type serverOutage struct{ *servers.Server }

func (o serverOutage) down() error                  { return o.Kill() }
func (o serverOutage) up(ctx context.Context) error { return o.Restart(ctx) }

// embeddedOutage keeps the supervisor's restart of the embedded broker waiting at a gate.
type embeddedOutage struct{ *rig }

func (o embeddedOutage) down() error {
	if err := os.WriteFile(gateFile(o.Dir()), nil, 0o600); err != nil {
		return err
	}
	return o.Signal("broker", os.Kill)
}

func (o embeddedOutage) up(ctx context.Context) error {
	if err := os.Remove(gateFile(o.Dir())); err != nil {
		return err
	}
	for tick := time.NewTicker(10 * time.Millisecond); ; {
		if p, ok := o.process("broker"); ok && p.State == stack.StateReady {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errors.New("the broker does not come back")
		}
	}
}

func (r *rig) broker() outage {
	if server, ok := r.servers[r.pair.bus]; ok {
		return serverOutage{server}
	}
	return embeddedOutage{r}
}

// database is nil where there is no server.
func (r *rig) database() outage {
	if server, ok := r.servers[r.pair.store]; ok {
		return serverOutage{server}
	}
	return nil
}

func (r *rig) process(name string) (stack.Process, bool) {
	for _, p := range r.Processes() {
		if p.Name == name {
			return p, true
		}
	}
	return stack.Process{}, false
}

// config is what an app is told that runs beside this sidecar.
func (r *rig) config(side, app string) (config.Base, error) {
	var tokens secrets.Tokens
	if err := readJSON(&tokens, r.Dir(), state.Folder, "tokens.json"); err != nil {
		return config.Base{}, err
	}
	p, ok := r.process(side)
	if !ok {
		return config.Base{}, fmt.Errorf("there is no process %s", side)
	}
	return config.Base{
		AppID: app, DaprHost: "127.0.0.1", DaprAPIToken: tokens.Dapr, AppAPIToken: tokens.App,
		DaprHTTPPort: p.Ports[description.PortHTTP], DaprGRPCPort: p.Ports[description.PortGRPC],
	}, nil
}

// open connects to the first sidecar of an app as the app would.
func (r *rig) open(t *probe, app string) *sidecar.Sidecar {
	t.Helper()
	cfg, err := r.config(app+".sidecar", app)
	if err != nil {
		t.Fatal(err)
	}
	side, err := sidecar.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(side.Close)
	t.eventually("the sidecar of "+app+" is ready", func() error { return side.Healthy(t.Context()) })
	return side
}

// kill ends a process by SIGKILL and returns when the supervisor has brought it back.
func (r *rig) kill(t *probe, name string) {
	t.Helper()
	before, _ := r.process(name)
	if err := r.Signal(name, os.Kill); err != nil {
		t.Fatal(err)
	}
	t.eventually(name+" is back", func() error {
		if now, _ := r.process(name); now.PID == before.PID || now.State != stack.StateReady {
			return fmt.Errorf("it is %s", now.State)
		}
		return nil
	})
}

// receive handles events beside the first sidecar of the receiver until the check ends; it returns once subscribed.
func (r *rig) receive(t *probe, table ...messaging.Subscription) (stop func()) {
	t.Helper()
	consumer, err := newConsumer(r.open(t, receiver), receiver, table...)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = consumer.Run(ctx)
	}()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	t.eventually("the consumer is subscribed", func() error { return connected(consumer) })
	return stop
}
