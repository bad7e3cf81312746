// Package kit tests the kit (pkg/) against real sidecars, a real broker and real state files. The tests play the apps:
// they run the sidecars of order-worker (publishes) and backoffice (receives) and put the kit between.
package kit

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/rs/zerolog"

	"stoa/internal/stack"
	"stoa/internal/stack/description"
	"stoa/internal/stack/secrets"
	"stoa/internal/stack/state"
	"stoa/pkg/common/config"
	"stoa/pkg/messaging"
	"stoa/pkg/observability"
	"stoa/pkg/sidecar"
	"stoa/test/client"
	"stoa/test/system"
)

// system is the broker and some sidecars, without apps.
type system struct {
	*stack.Stack
	t *testing.T
}

// start runs the sidecars of these apps and no app.
func start(t *testing.T, apps ...string) system {
	t.Helper()
	return startWith(t, stack.Options{}, apps...)
}

// startWith is start with a choice of components.
func startWith(t *testing.T, options stack.Options, apps ...string) system {
	t.Helper()
	var only []description.App
	for _, id := range apps {
		only = append(only, sidecarOf(t, id))
	}
	return startSidecars(t, options, only...)
}

// sidecarOf is what dapr.yaml says of an app, without the app.
func sidecarOf(t *testing.T, id string) description.App {
	t.Helper()
	all, err := description.Load(system.Root(t))
	if err != nil {
		t.Fatal(err)
	}
	app, ok := all.App(id)
	if !ok {
		t.Fatalf("dapr.yaml has no app %s", id)
	}
	app.Command = nil
	delete(app.Ports, description.PortApp)
	return app
}

func startSidecars(t *testing.T, options stack.Options, apps ...description.App) system {
	t.Helper()
	options.Dir, options.FreePorts, options.Log = t.TempDir(), true, io.Discard
	s, err := stack.New(&description.System{Root: system.Root(t), Apps: apps}, options)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return system{Stack: s, t: t}
}

// open connects to the sidecar of an app as the app would.
func (s system) open(app string) *sidecar.Sidecar {
	s.t.Helper()
	side, err := sidecar.Open(s.config(app))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(side.Close)
	if err := side.AwaitHealthy(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	return side
}

func (s system) config(app string) config.Base {
	s.t.Helper()
	raw, err := os.ReadFile(filepath.Join(s.Dir(), state.Folder, "tokens.json"))
	if err != nil {
		s.t.Fatal(err)
	}
	var tokens secrets.Tokens
	if err := json.Unmarshal(raw, &tokens); err != nil {
		s.t.Fatal(err)
	}
	ports := s.process(app + ".sidecar").Ports
	return config.Base{
		AppID: app, DaprHost: "127.0.0.1", DaprAPIToken: tokens.Dapr, AppAPIToken: tokens.App,
		DaprHTTPPort: ports[description.PortHTTP], DaprGRPCPort: ports[description.PortGRPC],
	}
}

func (s system) process(name string) stack.Process {
	s.t.Helper()
	for _, p := range s.Processes() {
		if p.Name == name {
			return p
		}
	}
	s.t.Fatalf("there is no process %s", name)
	return stack.Process{}
}

// kill ends a process by SIGKILL and returns when the supervisor has brought it back.
func (s system) kill(name string) {
	s.t.Helper()
	before := s.process(name)
	if err := s.Signal(name, os.Kill); err != nil {
		s.t.Fatal(err)
	}
	system.Eventually(s.t, name+" is back", func() error {
		return client.Replaced(s.Stack, before)
	})
}

func (s system) publisher(app string) *messaging.Publisher {
	s.t.Helper()
	publisher, err := messaging.NewPublisher(s.open(app).Client(), app)
	if err != nil {
		s.t.Fatal(err)
	}
	return publisher
}

// consume receives by this table until the test ends or the returned function is called; it returns once subscribed.
func (s system) consume(app string, table ...messaging.Subscription) (stop func()) {
	s.t.Helper()
	side := s.open(app)
	publisher, err := messaging.NewPublisher(side.Client(), app)
	if err != nil {
		s.t.Fatal(err)
	}
	consumer, err := messaging.NewConsumer(side.Client().GrpcClient(), publisher, zerolog.Nop(), table...)
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = consumer.Run(ctx)
	}()
	stop = func() { cancel(); <-done }
	s.t.Cleanup(stop)
	system.Eventually(s.t, app+" is subscribed", func() error {
		for topic, err := range consumer.Connected() {
			if err != nil {
				return fmt.Errorf("%s: %w", topic, err)
			}
		}
		return nil
	})
	return stop
}

func TestMain(m *testing.M) {
	telemetry, err := observability.Start(context.Background(), "kit-test", "error", io.Discard)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = telemetry.Shutdown(context.Background())
	os.Exit(code)
}
