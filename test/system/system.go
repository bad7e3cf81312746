// Package system starts the processes of Stoa, or some of them, and does to them what tests do.
package system

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"testing"

	"github.com/rs/zerolog"

	"stoa/internal/stack"
	"stoa/internal/stack/description"
	"stoa/internal/stack/secrets"
	"stoa/pkg/common/config"
	"stoa/pkg/common/must"
	"stoa/pkg/sidecar"
)

// System is a stack in the hands of a test.
type System struct{ *stack.Stack }

// Root is the repository's root, seen from a test below test/.
func Root(t testing.TB) string {
	t.Helper()
	return must.Get(filepath.Abs(filepath.Join("..", "..")))(t)
}

// Start runs a stack on free ports until the test ends. Its state is in a folder that goes with the test, unless the
// options name one.
func Start(t testing.TB, described *description.System, options stack.Options) System {
	t.Helper()
	options.FreePorts, options.Log = true, io.Discard
	if options.Dir == "" {
		options.Dir = Folder(t)
	}
	s := must.Get(stack.New(described, options))(t)
	must.Do(t, s.Start(t.Context()))
	t.Cleanup(func() {
		if err := s.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return System{s}
}

// Sidecars describes the sidecars of some apps, without the apps: the test takes their place.
func Sidecars(root string, apps ...string) (*description.System, error) {
	all, err := description.Load(root)
	if err != nil {
		return nil, err
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

// Tokens are what apps and sidecars show each other.
func (s System) Tokens(t testing.TB) secrets.Tokens {
	t.Helper()
	return must.Get(secrets.EnsureTokens(s.Dir()))(t)
}

// Config is what an app is told that runs beside this sidecar: by its name for the first, order-api.sidecar, or order-api-2.sidecar.
func (s System) Config(t testing.TB, app, side string) config.Base {
	t.Helper()
	tokens, ports := s.Tokens(t), s.Process(t, side).Ports
	return config.Base{
		AppID: app, DaprHost: "127.0.0.1", DaprAPIToken: tokens.Dapr, AppAPIToken: tokens.App,
		DaprHTTPPort: ports[description.PortHTTP], DaprGRPCPort: ports[description.PortGRPC],
	}
}

// Open connects to the sidecar of an app as the app would, once it is ready.
func (s System) Open(t testing.TB, app string) *sidecar.Sidecar {
	t.Helper()
	side := must.Get(sidecar.Open(s.Config(t, app, app+".sidecar"), zerolog.Nop()))(t)
	t.Cleanup(side.Close)
	Eventually(t, "the sidecar of "+app+" is ready", func() error { return side.Healthy(t.Context()) })
	return side
}
