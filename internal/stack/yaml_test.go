package stack

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

func repository(t *testing.T) *Description {
	t.Helper()
	desc, err := Load(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	return desc
}

// load reads one folder of the repository's components, one document a file, by name of the resource.
func load(t *testing.T, desc *Description, folder string) map[string]Resource {
	t.Helper()
	all, err := LoadResources(filepath.Join(desc.Root, "components", folder))
	if err != nil {
		t.Fatal(err)
	}
	byName, files := map[string]Resource{}, map[string]bool{}
	for _, r := range all {
		if files[r.File] {
			t.Errorf("%s holds more than one document; Dapr reads only one Resiliency of a file", r.File)
		}
		files[r.File], byName[r.Name()] = true, r
		for _, app := range r.Scopes {
			if _, known := desc.App(app); !known {
				t.Errorf("%s is scoped to %s, which %s does not know", r.File, app, DescriptionFile)
			}
		}
	}
	return byName
}

// policies are the names that a target of a Resiliency document gives.
type policies struct {
	Timeout, Retry    string
	CircuitBreaker    string `yaml:"circuitBreaker"`
	Inbound, Outbound *policies
}

func TestPoliciesNameWhatExists(t *testing.T) {
	desc := repository(t)
	known := map[string]bool{"mail": true}
	for store := range load(t, desc, "store/sqlite") {
		known[store] = true
	}
	targeted := map[string]bool{}
	for _, r := range load(t, desc, "config/resiliency") {
		for app, node := range r.Spec.Targets.Apps {
			targeted[app] = true
			checkAppPolicies(t, r.File, app, node)
		}
		for component := range r.Spec.Targets.Components {
			targeted[component] = true
			if !known[component] {
				t.Errorf("%s: there is no component %s, or its policies belong beside it", r.File, component)
			}
		}
	}
	for _, app := range desc.Apps {
		called := app.ID != gatewayApp && app.Ports[PortApp] != 0
		if called != targeted[app.ID] {
			t.Errorf("%s can be called: %v, has a policy for calls: %v", app.ID, called, targeted[app.ID])
		}
	}
	for component := range known {
		if !targeted[component] {
			t.Errorf("no policy bounds the wait for %s", component)
		}
	}
}

// checkAppPolicies guards what components/config/resiliency/apps.yaml explains.
func checkAppPolicies(t *testing.T, file, app string, node yaml.Node) {
	t.Helper()
	var p policies
	if err := node.Decode(&p); err != nil {
		t.Fatal(err)
	}
	if p.Timeout != "" || p.CircuitBreaker != "" {
		t.Errorf("%s: %s has a timeout beside its retry, which repeats unsafe calls, or a circuit breaker, which counts a 404",
			file, app)
	}
}

func TestEverythingListensOnLoopbackAndIsLoaded(t *testing.T) {
	desc := repository(t)
	for _, app := range desc.Apps {
		if app.Config != filepath.Join(desc.Root, "components/config/apps", app.ID+".yaml") || len(app.Resources) != 4 {
			t.Errorf("%s loads %v with %s", app.ID, app.Resources, app.Config)
		}
		for _, s := range (&planner{}).app(app, 1) {
			if s.kind != KindSidecar {
				continue
			}
			command := strings.Join(s.command, " ")
			for _, api := range []string{"dapr-listen-addresses", "dapr-internal-grpc-listen-address", "metrics-listen-address"} {
				flag := "--" + api
				if !strings.Contains(command, flag+" 127.0.0.1") {
					t.Errorf("%s does not set %s", s.name, flag)
				}
			}
		}
	}
}

func TestNoSecretIsCheckedIn(t *testing.T) {
	desc := repository(t)
	text, err := os.ReadFile(filepath.Join(desc.Root, ".gitignore"))
	if err != nil || !strings.Contains(string(text), "/.stoa/") {
		t.Errorf("the state with its secrets is not ignored: %v", err)
	}
}
