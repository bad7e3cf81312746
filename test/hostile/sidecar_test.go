package hostile

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"stoa/internal/stack"
	"stoa/internal/stack/description"
	"stoa/internal/stack/secrets"
	"stoa/internal/stack/state"
	"stoa/pkg/common/config"
	"stoa/pkg/messaging"
	"stoa/pkg/sidecar"
)

// publish sends an event that says next to nothing, through the sidecar of order-api, as nobody outside can.
func (c *cast) publish(t *testing.T, topic, eventType, subject string) {
	t.Helper()
	const app = "order-api"
	side, err := sidecar.Open(c.sidecarOf(t, app))
	if err != nil {
		t.Fatal(err)
	}
	defer side.Close()
	publisher, err := messaging.NewPublisher(side.Client(), app)
	if err != nil {
		t.Fatal(err)
	}
	e, err := messaging.New(eventType, subject, object{"id": "none"})
	if err == nil {
		err = publisher.Publish(t.Context(), topic, e)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// sidecarOf says how an app reaches its sidecar.
func (w *world) sidecarOf(t *testing.T, app string) config.Base {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(w.Dir(), state.Folder, "tokens.json"))
	if err != nil {
		t.Fatal(err)
	}
	var tokens secrets.Tokens
	if err := json.Unmarshal(raw, &tokens); err != nil {
		t.Fatal(err)
	}
	processes := w.Processes()
	i := slices.IndexFunc(processes, func(p stack.Process) bool { return p.Name == app+".sidecar" })
	if i < 0 {
		t.Fatalf("there is no sidecar of %s", app)
	}
	ports := processes[i].Ports
	return config.Base{
		AppID: app, DaprHost: "127.0.0.1", DaprAPIToken: tokens.Dapr,
		DaprHTTPPort: ports[description.PortHTTP], DaprGRPCPort: ports[description.PortGRPC],
	}
}
