package e2e

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"

	"stoa/internal/stack"
	"stoa/internal/stack/description"
	"stoa/internal/topology"
	"stoa/pkg/common/service"
	"stoa/test/client"
)

// Every process names the same kinds of dependencies, and each of them that it has.
func TestReadiness_namesTheSameThingsEverywhere(t *testing.T) {
	described, err := topology.Load(client.Root(t))
	if err != nil {
		t.Fatal(err)
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
		if got, want := slices.Sorted(maps.Keys(readiness.Checks)), dependencies(described, process.App); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", process.App, got, want)
		}
	}
}

// dependencies are those of an app by their names in readiness, sorted.
func dependencies(described *topology.Topology, app string) []string {
	names := []string{"sidecar"}
	if app == description.Gateway {
		names = append(names, "app auth")
	}
	if store := described.StoreOf(app); store != "" {
		names = append(names, "store "+store+"-store")
	}
	for _, topic := range described.Topics {
		if slices.Contains(topic.To, app) {
			names = append(names, "subscription "+topic.Name)
		}
	}
	slices.Sort(names)
	return names
}
