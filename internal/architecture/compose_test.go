package architecture

import (
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

const composeFile = "docker-compose.yml"

// composeService is the part of Compose's format that is used here.
type composeService struct {
	Entrypoint, Command, Volumes []string
	Environment                  map[string]string
	NetworkMode                  string `yaml:"network_mode"`
}

func composeServices(t *testing.T) map[string]composeService {
	t.Helper()
	var file struct{ Services map[string]composeService }
	if err := yaml.Unmarshal([]byte(read(t, composeFile)), &file); err != nil {
		t.Fatal(err)
	}
	return file.Services
}

// What differs in a container, and must: sidecars listen for each other, each on an address of its own; and components are
// where they are mounted.
var inContainers = []string{"dapr-internal-grpc-port", "dapr-internal-grpc-listen-address", "config", "resources-path"}

func TestComposeDescribesTheSameSystem(t *testing.T) {
	services := composeServices(t)
	names := []string{"init", "broker"}
	for app, want := range described(t) {
		program, sidecar := services[app], services[app+"-sidecar"]
		names = append(names, app, app+"-sidecar", app+"-pod")
		arguments := slices.Concat(sidecar.Entrypoint, sidecar.Command)
		got := process{path.Base(slices.Concat(program.Entrypoint, []string{""})[0]), program.Environment,
			flags(arguments[slices.Index(arguments, "/daprd")+1:])}
		expectMounts(t, app, sidecar, got.sidecar["resources-path"], want.sidecar["resources-path"])
		expectConfiguration(t, app, sidecar, got.sidecar["config"])
		for _, flag := range inContainers {
			delete(got.sidecar, flag)
			delete(want.sidecar, flag)
		}
		// Daprd's own default, and without an app port it does not matter what would be spoken to it.
		delete(want.sidecar, "app-channel-address")
		if want.sidecar["app-port"] == nil {
			delete(want.sidecar, "app-protocol")
		}
		if app == "gateway" {
			delete(got.env, "HOST") // people reach it from outside of its container
		}
		expectSame(t, composeFile+": "+app, got, want)
		expectOneNetwork(t, app, program, sidecar)
	}
	expectNames(t, composeFile, slices.Collect(maps.Keys(services)), names)
}

// expectMounts holds the folders that are mounted where a sidecar reads components against those of dapr.yaml.
func expectMounts(t *testing.T, app string, sidecar composeService, reads, folders []string) {
	t.Helper()
	sources := map[string]string{}
	for _, volume := range sidecar.Volumes {
		parts := strings.Split(volume, ":")
		sources[parts[1]] = filepath.Clean(parts[0])
	}
	var mounted []string
	for _, folder := range reads {
		mounted = append(mounted, sources[folder])
	}
	if !slices.Equal(mounted, folders) {
		t.Errorf("%s: the sidecar of %s reads %v, dapr.yaml says %v", composeFile, app, mounted, folders)
	}
}

// expectConfiguration makes sure that a sidecar loads its app's own configuration and then what differs in containers.
func expectConfiguration(t *testing.T, app string, sidecar composeService, files []string) {
	t.Helper()
	const mounted = "./components/config:/config:ro"
	want := []string{"/config/apps/" + app + ".yaml,/config/compose.yaml"}
	if !slices.Equal(files, want) || !slices.Contains(sidecar.Volumes, mounted) {
		t.Errorf("%s: the sidecar of %s loads %v, want %v and the volume %s", composeFile, app, files, want, mounted)
	}
}

// expectOneNetwork makes sure that an app and its sidecar meet on loopback.
func expectOneNetwork(t *testing.T, app string, both ...composeService) {
	t.Helper()
	for _, s := range both {
		if s.NetworkMode != "service:"+app+"-pod" {
			t.Errorf("%s: a container of %s is on the network %q", composeFile, app, s.NetworkMode)
		}
	}
}
