// Package kit tests the kit (pkg/) against real sidecars, a real broker and real state files. The tests play the apps:
// they run the sidecars of order-worker (publishes) and backoffice (receives) and put the kit between.
package kit

import (
	"context"
	"fmt"
	"io"
	"os"
	"testing"

	"stoa/internal/stack"
	"stoa/pkg/common/must"
	"stoa/pkg/messaging"
	"stoa/pkg/observability"
	"stoa/pkg/sidecar"
	"stoa/test/system"
)

// kit is the broker and some sidecars, without apps.
type kit struct {
	system.System
	t *testing.T
}

// start runs the sidecars of these apps and no app.
func start(t *testing.T, apps ...string) kit {
	t.Helper()
	return kit{system.Start(t, must.Get(system.Sidecars(system.Root(t), apps...))(t), stack.Options{}), t}
}

func (k kit) open(app string) *sidecar.Sidecar {
	k.t.Helper()
	return k.Open(k.t, app)
}

func (k kit) publisher(app string) *messaging.Publisher {
	k.t.Helper()
	return must.Get(messaging.NewPublisher(k.open(app).Client(), app))(k.t)
}

// consume receives by this table until the test ends or the returned function is called; it returns once subscribed.
func (k kit) consume(app string, table ...messaging.Subscription) (stop func()) {
	k.t.Helper()
	return system.Consume(k.t, k.open(app), app, table...)
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
