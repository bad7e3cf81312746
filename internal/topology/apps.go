package topology

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"strings"

	"stoa/internal/stack/description"
)

// App is one app: its entry in dapr.yaml, as `stoa up` starts it, and its entry in components/topology.yaml.
type App struct {
	ID       string
	About    string
	Program  string   // the name of its file in bin
	Package  string   // where its main is
	Secrets  []string // the secrets that the app reads, other than those of its components
	Protocol string   // http or grpc
	Ports    Ports
	Env      map[string]string
	Sidecar  []Flag // the arguments of its sidecar, with paths from the root
}

// Ports are those of an app and of its sidecar; 0 means that it has no such port.
type Ports struct{ App, Probe, HTTP, GRPC, Internal, Metrics int }

// Flag is an argument of a command line.
type Flag struct{ Name, Value string }

// Public reports whether the app is the gateway, the only public one.
func (a App) Public() bool { return a.ID == gateway }

// Called reports whether other apps can call the app.
func (a App) Called() bool { return !a.Public() && a.Ports.App != 0 }

// ProbePort is where the app answers probes.
func (a App) ProbePort() int { return cmp.Or(a.Ports.Probe, a.Ports.App) }

// gateway is the app that forwards the requests of people. No other app calls it.
const gateway = "gateway"

// appEntry is the entry of an app in components/topology.yaml.
type appEntry struct {
	About   string   `yaml:"about"`
	Package string   `yaml:"package"`
	Secrets []string `yaml:"secrets"`
}

// appsOf joins the apps of dapr.yaml with their entries in components/topology.yaml.
func appsOf(root string, entries map[string]appEntry) ([]App, error) {
	desc, err := description.Load(root)
	if err != nil {
		return nil, err
	}
	var apps []App
	missing := maps.Clone(entries)
	for _, a := range desc.Apps {
		entry := entries[a.ID]
		if entry.About == "" || len(a.Command) == 0 {
			return nil, fmt.Errorf("%s of dapr.yaml needs an entry in apps with the field about, and a command there", a.ID)
		}
		delete(missing, a.ID)
		apps = append(apps, App{
			ID: a.ID, About: entry.About, Program: path.Base(a.Command[0]), Package: cmp.Or(entry.Package, packageOf(a.ID)),
			Secrets: entry.Secrets, Protocol: a.Protocol, Env: a.Environment(), Sidecar: flags(desc.Root, a.SidecarArguments()),
			Ports: Ports{
				App: a.Ports[description.PortApp], Probe: a.Ports[description.PortProbe], HTTP: a.Ports[description.PortHTTP],
				GRPC: a.Ports[description.PortGRPC], Internal: a.Ports[description.PortInternal], Metrics: a.Ports[description.PortMetrics],
			},
		})
	}
	for id := range missing {
		return nil, fmt.Errorf("the app %s is not in dapr.yaml", id)
	}
	return apps, nil
}

// packageOf is where the main of an app is: order-worker is services/order/cmd/worker, auth is services/auth/cmd/api.
func packageOf(id string) string {
	service, worker := strings.CutSuffix(id, "-worker")
	if worker {
		return "services/" + service + "/cmd/worker"
	}
	return "services/" + strings.TrimSuffix(id, "-api") + "/cmd/api"
}

// flags reads arguments of the forms --name value, --name=value and --name. It makes paths below root relative.
func flags(root string, args []string) []Flag {
	var all []Flag
	for len(args) > 0 {
		name, value, given := strings.Cut(args[0], "=")
		args = args[1:]
		if !given && len(args) > 0 && !strings.HasPrefix(args[0], "--") {
			value, args = args[0], args[1:]
		}
		if rest, below := strings.CutPrefix(value, root+string(filepath.Separator)); below {
			value = filepath.ToSlash(rest)
		}
		all = append(all, Flag{name, value})
	}
	return all
}

// String is the argument as one word.
func (f Flag) String() string {
	if f.Value == "" {
		return f.Name
	}
	return f.Name + "=" + f.Value
}
