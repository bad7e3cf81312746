package stack

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// DescriptionFile is the file, in the official format of `dapr run -f`, that lists the apps.
const DescriptionFile = "dapr.yaml"

// Description is what dapr.yaml says.
type Description struct {
	Root string // the folder of dapr.yaml
	Apps []App
}

// App is one app of dapr.yaml, with what the `common` section says already filled in. All paths are absolute.
type App struct {
	ID        string
	Dir       string            // where Command starts from
	Command   []string          // empty: only a sidecar, for an app that somebody else starts
	Protocol  string            // what the sidecar speaks to the app: http, grpc, ...
	Ports     map[string]int    // by role, see the Port constants; a role without a number gets a free port
	Env       map[string]string // for the app, not for its sidecar
	Resources []string          // folders of components
	Config    string            // Dapr configuration file
	Flags     []string          // further arguments of the sidecar
}

// The roles of a process's ports.
const (
	PortApp      = "app"      // where the app answers its sidecar
	PortProbe    = "probe"    // where an app without HTTP app port answers probes: PROBE_PORT
	PortHTTP     = "http"     // the sidecar's HTTP API
	PortGRPC     = "grpc"     // the sidecar's gRPC API
	PortInternal = "internal" // sidecar to sidecar
	PortMetrics  = "metrics"  // the sidecar's metrics
	PortBroker   = "broker"   // the embedded broker
	PortSentry   = "sentry"   // the certificate authority
)

// probeVariable names the port of PortProbe in an app's environment.
const probeVariable = "PROBE_PORT"

// Load reads dapr.yaml in root. Its errors name the file, the app and the field.
func Load(root string) (*Description, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(root, DescriptionFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: there is no such file; run this inside the repository, or name it with --dir", path)
	}
	if err != nil {
		return nil, err
	}
	var file runFile
	if err := yaml.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("%s: %s", DescriptionFile, yamlProblem(err))
	}
	desc, err := file.describe(root)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", DescriptionFile, err)
	}
	return desc, nil
}

// runFile mirrors the official format. What it does not name is looked up in sidecarFlags.
type runFile struct {
	Version int       `yaml:"version"`
	Name    string    `yaml:"name"`
	Common  runCommon `yaml:"common"`
	Apps    []runApp  `yaml:"apps"`
}

type runCommon struct {
	runShared `yaml:",inline"`
	Rest      map[string]yaml.Node `yaml:",inline"`
}

type runApp struct {
	runShared            `yaml:",inline"`
	AppID                string               `yaml:"appID"`
	AppDirPath           string               `yaml:"appDirPath"`
	AppPort              int                  `yaml:"appPort"`
	DaprHTTPPort         int                  `yaml:"daprHTTPPort"`
	DaprGRPCPort         int                  `yaml:"daprGRPCPort"`
	DaprInternalGRPCPort int                  `yaml:"daprInternalGRPCPort"`
	MetricsPort          int                  `yaml:"metricsPort"`
	Command              []string             `yaml:"command"`
	Rest                 map[string]yaml.Node `yaml:",inline"`
}

// runShared may stand in `common` and in an app.
type runShared struct {
	ResourcesPaths []string          `yaml:"resourcesPaths"`
	ConfigFilePath string            `yaml:"configFilePath"`
	AppProtocol    string            `yaml:"appProtocol"`
	Env            map[string]string `yaml:"env"`
}

func (f *runFile) describe(root string) (*Description, error) {
	if f.Version != 1 {
		return nil, fmt.Errorf("version is %d; only version 1 of the format is known", f.Version)
	}
	if len(f.Apps) == 0 {
		return nil, errors.New("apps is empty; list at least one app")
	}
	desc := &Description{Root: root}
	for i := range f.Apps {
		app, err := f.Apps[i].describe(root, &f.Common)
		if err != nil {
			return nil, fmt.Errorf("apps[%d] (%s): %w", i, cmp.Or(f.Apps[i].AppID, "no appID"), err)
		}
		desc.Apps = append(desc.Apps, app)
	}
	return desc, desc.check()
}

func (a *runApp) describe(root string, common *runCommon) (App, error) {
	if a.AppID == "" {
		return App{}, errors.New("appID is missing")
	}
	if a.AppDirPath == "" {
		return App{}, errors.New("appDirPath is missing; `./` is the folder of this file")
	}
	dir := resolve(root, a.AppDirPath)
	app := App{
		ID: a.AppID, Dir: dir, Command: a.Command, Protocol: cmp.Or(a.AppProtocol, common.AppProtocol, "http"),
		Env: map[string]string{}, Ports: map[string]int{
			PortHTTP: a.DaprHTTPPort, PortGRPC: a.DaprGRPCPort, PortInternal: a.DaprInternalGRPCPort, PortMetrics: a.MetricsPort,
		},
	}
	if err := app.fillShared(a, root, common); err != nil {
		return App{}, err
	}
	return app, app.fillPorts(a.AppPort)
}

// fillShared applies what may stand in `common` as well; the app's own words win. As in the official program, paths of
// the app are relative to its folder, those of `common` to the file's.
func (a *App) fillShared(own *runApp, root string, common *runCommon) error {
	for _, env := range []map[string]string{common.Env, own.Env} {
		for name, value := range env {
			a.Env[name] = value
		}
	}
	base, resources := a.Dir, own.ResourcesPaths
	if len(resources) == 0 {
		base, resources = root, common.ResourcesPaths
	}
	for _, path := range resources {
		a.Resources = append(a.Resources, resolve(base, path))
	}
	switch {
	case own.ConfigFilePath != "":
		a.Config = resolve(a.Dir, own.ConfigFilePath)
	case common.ConfigFilePath != "":
		a.Config = resolve(root, common.ConfigFilePath)
	}
	var err error
	a.Flags, err = flagsOf(common.Rest, own.Rest)
	return err
}

func (a *App) fillPorts(appPort int) error {
	if appPort != 0 {
		a.Ports[PortApp] = appPort
	}
	if probe, ok := a.Env[probeVariable]; ok {
		port, err := parsePort(probe)
		if err != nil {
			return fmt.Errorf("env.%s: %w", probeVariable, err)
		}
		a.Ports[PortProbe] = port
	}
	for role, port := range a.Ports {
		if port < 0 || port > 65535 {
			return fmt.Errorf("the %s port %d is not between 1 and 65535", role, port)
		}
	}
	return nil
}

// check finds what only shows when all apps are seen together.
func (d *Description) check() error {
	ids, ports := map[string]bool{}, map[int]string{}
	for _, app := range d.Apps {
		if ids[app.ID] {
			return fmt.Errorf("appID %s is there twice; to run it twice use `stoa up --scale %s=2`", app.ID, app.ID)
		}
		ids[app.ID] = true
		for role, port := range app.Ports {
			owner := fmt.Sprintf("the %s port of %s", role, app.ID)
			if other, taken := ports[port]; taken && port != 0 {
				return fmt.Errorf("%s and %s are both %d", other, owner, port)
			}
			ports[port] = owner
		}
	}
	return nil
}

// App returns the app with that id.
func (d *Description) App(id string) (App, bool) {
	i := slices.IndexFunc(d.Apps, func(a App) bool { return a.ID == id })
	if i < 0 {
		return App{}, false
	}
	return d.Apps[i], true
}

func (d *Description) ids() string {
	var ids []string
	for _, app := range d.Apps {
		ids = append(ids, app.ID)
	}
	return strings.Join(ids, ", ")
}

func resolve(base, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(base, path)
}

// GatewayURL is where dapr.yaml puts the gateway; empty when it names none.
func (d *Description) GatewayURL() string {
	gateway, _ := d.App(gatewayApp)
	if port := gateway.Ports[PortApp]; port != 0 {
		return fmt.Sprintf("http://%s:%d", loopback, port)
	}
	return ""
}

// programs lists what the apps are started with.
func (d *Description) programs() []string {
	var programs []string
	for _, app := range d.Apps {
		if len(app.Command) > 0 {
			programs = append(programs, resolve(app.Dir, app.Command[0]))
		}
	}
	return programs
}
