// Package description reads what describes a system: dapr.yaml, and the components that its sidecars load.
package description

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"gopkg.in/yaml.v3"
)

// File lists the apps, in the official format of `dapr run -f`.
const File = "dapr.yaml"

// Gateway is the app with the public port.
const Gateway = "gateway"

// Loopback is the address on which everything listens.
const Loopback = "127.0.0.1"

// DrainSeconds is how long a sidecar may take to finish its work when it stops: longer than the slowest handler of an app.
const DrainSeconds = 15

// System is the content of dapr.yaml.
type System struct {
	Root string // the folder of dapr.yaml
	Apps []App
}

// App is one app of dapr.yaml, with the `common` section applied. All paths are absolute.
type App struct {
	ID        string
	Dir       string            // where Command starts
	Command   []string          // empty: only a sidecar, for an app that is started elsewhere
	Protocol  string            // what the sidecar speaks to the app: http, grpc, ...
	Ports     map[string]int    // by role, see the Port constants; a role with number 0 gets a free port
	Env       map[string]string // for the app, not for its sidecar
	Resources []string          // folders of components
	Config    string            // Dapr configuration file
	Flags     []string          // further arguments of the sidecar
}

// The roles of a process's ports.
const (
	PortApp      = "app"      // where the app answers its sidecar
	PortProbe    = "probe"    // where an app that does not speak HTTP to its sidecar answers probes
	PortHTTP     = "http"     // the sidecar's HTTP API
	PortGRPC     = "grpc"     // the sidecar's gRPC API
	PortInternal = "internal" // sidecar to sidecar
	PortMetrics  = "metrics"  // the sidecar's metrics
	PortBroker   = "broker"   // the embedded broker
	PortSentry   = "sentry"   // the certificate authority
)

// probeVariable is the variable of an app's environment that has the port of PortProbe.
const probeVariable = "PROBE_PORT"

// Load reads dapr.yaml in root. Its errors name the file, the app and the field.
func Load(root string) (*System, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(root, File)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s does not exist; run this inside the repository, or name its folder with --dir", path)
	}
	if err != nil {
		return nil, err
	}
	var file runFile
	if err := yaml.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("%s: %s", File, yamlProblem(err))
	}
	system, err := file.system(root)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", File, err)
	}
	return system, nil
}

// check fails if two apps have the same id or port.
func (s *System) check() error {
	ids, ports := map[string]bool{}, map[int]string{}
	for _, app := range s.Apps {
		if ids[app.ID] {
			return fmt.Errorf("appID %s occurs twice; to run it twice use `stoa up --scale %s=2`", app.ID, app.ID)
		}
		ids[app.ID] = true
		for role, port := range app.Ports {
			user := fmt.Sprintf("the %s port of %s", role, app.ID)
			if other, taken := ports[port]; taken && port != 0 {
				return fmt.Errorf("%s and %s are both %d", other, user, port)
			}
			ports[port] = user
		}
	}
	return nil
}

// App returns the app with that id.
func (s *System) App(id string) (App, bool) {
	i := slices.IndexFunc(s.Apps, func(a App) bool { return a.ID == id })
	if i < 0 {
		return App{}, false
	}
	return s.Apps[i], true
}

// IDs lists the ids of the apps.
func (s *System) IDs() []string {
	var ids []string
	for _, app := range s.Apps {
		ids = append(ids, app.ID)
	}
	return ids
}

// NoApps is the scale that starts none of the apps, because another program starts them.
func (s *System) NoApps() map[string]int {
	scale := map[string]int{}
	for _, app := range s.Apps {
		scale[app.ID] = 0
	}
	return scale
}

// GatewayURL is the address of the gateway in dapr.yaml; empty without a gateway.
func (s *System) GatewayURL() string {
	gateway, _ := s.App(Gateway)
	if port := gateway.Ports[PortApp]; port != 0 {
		return fmt.Sprintf("http://%s:%d", Loopback, port)
	}
	return ""
}

// With returns the system with these folders below components/bus, /store and /base; an empty name changes nothing.
func (s *System) With(bus, store, base string) (*System, error) {
	chosen := &System{Root: s.Root}
	for _, app := range s.Apps {
		for _, choice := range [][2]string{{"bus", bus}, {"store", store}, {"base", base}} {
			folders, err := selectFolder(app.Resources, choice[0], choice[1])
			if err != nil {
				return nil, err
			}
			app.Resources = folders
		}
		chosen.Apps = append(chosen.Apps, app)
	}
	return chosen, nil
}

// Folders lists the folders of components that the sidecars load.
func (s *System) Folders() []string {
	var folders []string
	for _, app := range s.Apps {
		folders = append(folders, app.Resources...)
	}
	slices.Sort(folders)
	return slices.Compact(folders)
}

// Program is the path of the app's program; empty for an app that is started elsewhere.
func (a App) Program() string {
	if len(a.Command) == 0 {
		return ""
	}
	return resolve(a.Dir, a.Command[0])
}

// Environment is the environment of the app's program, without the tokens.
func (a App) Environment() map[string]string {
	env := map[string]string{
		"APP_ID":         a.ID,
		"DAPR_HTTP_PORT": strconv.Itoa(a.Ports[PortHTTP]),
		"DAPR_GRPC_PORT": strconv.Itoa(a.Ports[PortGRPC]),
	}
	if port := a.Ports[PortApp]; port != 0 {
		env["APP_PORT"] = strconv.Itoa(port)
	}
	maps.Copy(env, a.Env)
	if port := a.Ports[PortProbe]; port != 0 {
		env[probeVariable] = strconv.Itoa(port)
	}
	return env
}

// SidecarArguments is the command line of the app's sidecar.
func (a App) SidecarArguments() []string {
	number := func(role string) string { return strconv.Itoa(a.Ports[role]) }
	args := []string{
		"--app-id", a.ID, "--app-protocol", a.Protocol,
		"--dapr-http-port", number(PortHTTP), "--dapr-grpc-port", number(PortGRPC), "--dapr-listen-addresses", Loopback,
		"--dapr-internal-grpc-port", number(PortInternal), "--dapr-internal-grpc-listen-address", Loopback,
		"--metrics-port", number(PortMetrics), "--metrics-listen-address", Loopback,
		"--dapr-graceful-shutdown-seconds", strconv.Itoa(DrainSeconds), "--log-as-json",
	}
	if a.Ports[PortApp] != 0 {
		args = append(args, "--app-port", number(PortApp), "--app-channel-address", Loopback)
	}
	if a.Config != "" {
		args = append(args, "--config", a.Config)
	}
	for _, folder := range a.Resources {
		args = append(args, "--resources-path", folder)
	}
	return append(args, a.Flags...)
}

func resolve(base, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(base, path)
}
