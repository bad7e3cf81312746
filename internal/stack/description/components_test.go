package description

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"stoa/pkg/common/must"
)

func repository(t *testing.T) *System {
	t.Helper()
	return must.Get(Load(filepath.Join("..", "..", "..")))(t)
}

// load reads a folder of the repository's components, with one document in each file, by name of the resource.
func load(t *testing.T, system *System, folder string) map[string]Resource {
	t.Helper()
	all := must.Get(LoadResources(filepath.Join(system.Root, "components", folder)))(t)
	byName, files := map[string]Resource{}, map[string]bool{}
	for _, r := range all {
		if files[r.File] {
			t.Errorf("%s contains more than one document; Dapr reads only one Resiliency of a file", r.File)
		}
		files[r.File], byName[r.Name()] = true, r
		for _, app := range r.Scopes {
			if _, known := system.App(app); !known {
				t.Errorf("%s is scoped to %s, which is not in %s", r.File, app, File)
			}
		}
	}
	return byName
}

func TestComponents_ofTheServerBaseHaveTheNamesOfTheLocalOne(t *testing.T) {
	system := repository(t)
	local, server := load(t, system, "base/local"), load(t, system, "base/server")
	for name, c := range local {
		if r := server[name]; r.Name() == "" || !slices.Equal(r.Scopes, c.Scopes) {
			t.Errorf("%s is scoped to %v, in base/local to %v", name, r.Scopes, c.Scopes)
		}
	}
	if apps := server["configuration"].Scopes; len(apps) > 0 {
		t.Errorf("configuration is for %v alone", apps)
	}
	if len(server) != len(local)+1 {
		t.Errorf("%d components, want those of base/local and configuration", len(server))
	}
	for _, setting := range []string{"host", "port", "user", "password"} {
		if server["mail"].Value(setting) != "" {
			t.Errorf("mail: %s has to come from a secret", setting)
		}
	}
	for _, setting := range []string{"redisHost", "redisPassword"} {
		if server["configuration"].Value(setting) != "" {
			t.Errorf("configuration: %s has to come from a secret", setting)
		}
	}
}

// Kubernetes refuses a component without these fields, although a sidecar outside it does not ask for all of them
// (charts/dapr/crds/components.yaml of Dapr).
func TestComponents_haveTheFieldsThatKubernetesRequires(t *testing.T) {
	files := 0
	must.Do(t, fs.WalkDir(os.DirFS(repository(t).Root), "components", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".yaml" {
			return err
		}
		var document struct {
			Kind string
			Spec map[string]yaml.Node
		}
		if err := yaml.Unmarshal(must.Get(os.ReadFile(filepath.Join(repository(t).Root, path)))(t), &document); err != nil {
			return err
		}
		if document.Kind != "Component" {
			return nil
		}
		files++
		for _, field := range []string{"type", "version", "metadata"} {
			if _, there := document.Spec[field]; !there {
				t.Errorf("%s: spec.%s is missing", path, field)
			}
		}
		return nil
	}))
	if files < 50 {
		t.Errorf("only %d components were found", files)
	}
}

// policies are the names that a target of a Resiliency document gives.
type policies struct {
	Timeout, Retry    string
	CircuitBreaker    string `yaml:"circuitBreaker"`
	Inbound, Outbound *policies
}

func TestPolicies_nameWhatExists(t *testing.T) {
	system := repository(t)
	known := map[string]bool{"mail": true}
	for store := range load(t, system, "store/sqlite") {
		known[store] = true
	}
	targeted := map[string]bool{}
	for _, r := range load(t, system, "config/resiliency") {
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
	for _, app := range system.Apps {
		called := app.ID != Gateway && app.Ports[PortApp] != 0
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

// checkAppPolicies expects what components/config/resiliency/apps.yaml explains.
func checkAppPolicies(t *testing.T, file, app string, node yaml.Node) {
	t.Helper()
	var p policies
	must.Do(t, node.Decode(&p))
	if p.Timeout != "" || p.CircuitBreaker != "" {
		t.Errorf("%s: %s has a timeout beside its retry, which repeats unsafe calls, or a circuit breaker, which counts a 404",
			file, app)
	}
}

func TestSidecarArguments_listenOnLoopback(t *testing.T) {
	system := repository(t)
	for _, app := range system.Apps {
		if app.Config != filepath.Join(system.Root, "components/config/apps", app.ID+".yaml") || len(app.Resources) != 4 {
			t.Errorf("%s loads %v with %s", app.ID, app.Resources, app.Config)
		}
		command := strings.Join(app.SidecarArguments(), " ")
		for _, flag := range []string{"--dapr-listen-addresses", "--dapr-internal-grpc-listen-address", "--metrics-listen-address"} {
			if !strings.Contains(command, flag+" 127.0.0.1") {
				t.Errorf("the sidecar of %s does not set %s", app.ID, flag)
			}
		}
	}
}
