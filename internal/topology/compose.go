package topology

import (
	"path"
	"slices"
)

// inContainer is what a sidecar in a container is told: there each has an address of its own, listens there for the others,
// and finds components where they are mounted.
func (a App) inContainer() []Flag {
	var all []Flag
	for _, f := range a.Sidecar {
		switch {
		case f.Name == "--app-channel-address" || f.Name == "--app-protocol" && a.Ports.App == 0:
			continue // what daprd does anyway
		case f.Name == "--dapr-internal-grpc-port":
			f.Value = "3800"
		case f.Name == "--dapr-internal-grpc-listen-address":
			f.Value = "0.0.0.0"
		case f.Name == "--config":
			f.Value = "/config/apps/" + path.Base(f.Value) + ",/config/compose.yaml"
		case f.Name == "--resources-path":
			f.Value = "/components/" + mounted(f.Value)
		}
		all = append(all, f)
	}
	return all
}

// mounted is where a folder of components/<kind>/<choice> is in a container; there is one of each kind.
func mounted(folder string) string {
	if kind := path.Base(path.Dir(folder)); kind != "config" {
		return kind
	}
	return path.Base(folder)
}

// ContainerArguments are the sidecar's own arguments in a container: those that not all sidecars have.
func (t *Topology) ContainerArguments(app App) []Flag {
	shared := t.SharedArguments()
	return slices.DeleteFunc(app.inContainer(), func(f Flag) bool { return slices.Contains(shared, f) })
}

// SharedArguments are those that all sidecars have in containers.
func (t *Topology) SharedArguments() []Flag {
	shared := t.Apps[0].inContainer()
	for _, app := range t.Apps[1:] {
		own := app.inContainer()
		shared = slices.DeleteFunc(shared, func(f Flag) bool { return !slices.Contains(own, f) })
	}
	return shared
}

// Folders are the folders of components that sidecars load, by the place where a container has them.
func (t *Topology) Folders() map[string]string {
	folders := map[string]string{}
	for _, f := range t.Apps[0].Sidecar {
		if f.Name == "--resources-path" {
			folders[mounted(f.Value)] = f.Value
		}
	}
	return folders
}

// AppLess are the arguments of the gateway's sidecar where Kong takes the gateway's place, which no sidecar calls.
func (t *Topology) AppLess() []Flag {
	i := slices.IndexFunc(t.Apps, App.Public)
	return slices.DeleteFunc(t.ContainerArguments(t.Apps[i]), func(f Flag) bool {
		return f.Name == "--app-port" || f.Name == "--app-protocol"
	})
}

// overlay is what the templates of deploy/compose write: all of the system, and what the overlay replaces.
type overlay struct {
	*Topology
	Name  string
	Kinds []string // bus, store, or both
}

func overlayOf(t *Topology, name string) overlay {
	o := overlay{Topology: t, Name: name}
	named := func(look Look) bool { return look.Name == name }
	if slices.ContainsFunc(t.Components.Bus, named) {
		o.Kinds = append(o.Kinds, "bus")
	}
	if slices.ContainsFunc(t.Components.Store, named) {
		o.Kinds = append(o.Kinds, "store")
	}
	return o
}
