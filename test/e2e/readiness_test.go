package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"

	"stoa/internal/stack/description"
	"stoa/internal/topology"
	"stoa/pkg/common/must"
	"stoa/pkg/common/service"
	"stoa/test/system"
)

// Every process names the same kinds of dependencies, and each of them that the description says it has.
func TestReadiness_namesTheSameThingsEverywhere(t *testing.T) {
	described := must.Get(topology.Load(system.Root(t)))(t)
	for _, app := range described.Apps {
		ports := shop.Process(t, app.ID).Ports
		app.Ports.App, app.Ports.Probe = ports[description.PortApp], ports[description.PortProbe]
		answer := must.Get(http.Get(fmt.Sprintf("http://127.0.0.1:%d/readyz", app.ProbePort())))(t)
		defer answer.Body.Close()
		var readiness service.Readiness
		if err := json.NewDecoder(answer.Body).Decode(&readiness); err != nil || answer.StatusCode != http.StatusOK {
			t.Errorf("%s: got %d, %+v, %v", app.ID, answer.StatusCode, readiness, err)
		}
		got, want := slices.Sorted(maps.Keys(readiness.Checks)), dependencies(described, app.ID)
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", app.ID, got, want)
		}
	}
}

// dependencies are what an app is ready with: its sidecar, its store, its topics, and the apps whose health it asks for.
func dependencies(described *topology.Topology, app string) []string {
	all := []string{"sidecar"}
	if store := described.StoreOf(app); store != "" {
		all = append(all, "store "+store+"-store")
	}
	for _, topic := range described.Topics {
		if slices.Contains(topic.To, app) {
			all = append(all, "subscription "+topic.Name)
		}
	}
	for _, call := range described.Calls {
		if call.From == app && call.Path == "/healthz" {
			all = append(all, "app "+call.To)
		}
	}
	slices.Sort(all)
	return all
}
