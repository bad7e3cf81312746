package e2e

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"stoa/internal/stack"
	"stoa/internal/stack/description"
	"stoa/pkg/common/service"
)

// Every process names the same kinds of dependencies, and each of them that it has.
func TestReadiness_namesTheSameThingsEverywhere(t *testing.T) {
	want := map[string]string{
		"gateway":          "app auth, sidecar",
		"auth":             "sidecar, store auth-store",
		"order-api":        "sidecar, store order-store",
		"order-worker":     "sidecar, store order-store, subscription order-commands, subscription stock",
		"inventory-api":    "sidecar, store inventory-store",
		"inventory-worker": "sidecar, store inventory-store, subscription order-placed, subscription order-updates",
		"notification": "sidecar, store notification-store, subscription accounts, subscription order-confirmed, " +
			"subscription order-updates, subscription stock",
		"backoffice": "sidecar, store backoffice-store, subscription dead-letters, subscription order-confirmed, " +
			"subscription order-updates",
	}
	for _, process := range shop.Processes() {
		if process.Kind != stack.KindApp {
			continue
		}
		port := cmp.Or(process.Ports[description.PortProbe], process.Ports[description.PortApp])
		answer, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/readyz", port))
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		var readiness service.Readiness
		if err := json.NewDecoder(answer.Body).Decode(&readiness); err != nil || answer.StatusCode != http.StatusOK {
			t.Errorf("%s: got %d, %+v, %v", process.App, answer.StatusCode, readiness, err)
		}
		if got := strings.Join(slices.Sorted(maps.Keys(readiness.Checks)), ", "); got != want[process.App] {
			t.Errorf("%s: got %s, want %s", process.App, got, want[process.App])
		}
	}
}
