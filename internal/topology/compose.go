package topology

import (
	"path"
	"slices"
)

// inContainer are the arguments of a sidecar in a container. There each sidecar has its own address, listens on it for the
// others, and finds components where they are mounted.
func (a App) inContainer() []Flag {
	var all []Flag
	for _, f := range a.Sidecar {
		switch {
		case f.Name == "--app-channel-address" || f.Name == "--app-protocol" && a.Ports.App == 0:
			continue // the defaults of daprd
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

// mounted is the name of a folder components/<kind>/<choice> in a container, which has one folder of each kind.
func mounted(folder string) string {
	if kind := path.Base(path.Dir(folder)); kind != "config" {
		return kind
	}
	return path.Base(folder)
}

// ContainerArguments are the arguments of one sidecar in a container, without SharedArguments.
func (t *Topology) ContainerArguments(app App) []Flag {
	shared := t.SharedArguments()
	return slices.DeleteFunc(app.inContainer(), func(f Flag) bool { return slices.Contains(shared, f) })
}

// SharedArguments are the arguments that all sidecars have in containers.
func (t *Topology) SharedArguments() []Flag {
	shared := t.Apps[0].inContainer()
	for _, app := range t.Apps[1:] {
		own := app.inContainer()
		shared = slices.DeleteFunc(shared, func(f Flag) bool { return !slices.Contains(own, f) })
	}
	return shared
}

// Folders are the folders of components that sidecars load, by their names in a container.
func (t *Topology) Folders() map[string]string {
	folders := map[string]string{}
	for _, f := range t.Apps[0].Sidecar {
		if f.Name == "--resources-path" {
			folders[mounted(f.Value)] = f.Value
		}
	}
	return folders
}

// KongSidecarArguments are the arguments of the gateway's sidecar when Kong replaces the gateway: this sidecar calls no app.
func (t *Topology) KongSidecarArguments() []Flag {
	i := slices.IndexFunc(t.Apps, App.Public)
	return slices.DeleteFunc(t.ContainerArguments(t.Apps[i]), func(f Flag) bool {
		return f.Name == "--app-port" || f.Name == "--app-protocol"
	})
}

// overlay is the data of the templates in templates/compose: the system, and what the overlay replaces.
type overlay struct {
	*Topology
	Name  string
	Kinds []string // bus, store, or both
}

func overlayOf(t *Topology, name string) overlay {
	o := overlay{Topology: t, Name: name}
	named := func(d Definition) bool { return d.Name == name }
	if slices.ContainsFunc(t.Components.Bus, named) {
		o.Kinds = append(o.Kinds, "bus")
	}
	if slices.ContainsFunc(t.Components.Store, named) {
		o.Kinds = append(o.Kinds, "store")
	}
	return o
}
