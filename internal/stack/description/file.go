package description

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"strconv"

	"gopkg.in/yaml.v3"
)

// runFile is the official format of dapr.yaml. All fields that are not here end up in Rest; sidecarFlags lists them.
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

// runShared holds the fields that both `common` and an app may have.
type runShared struct {
	ResourcesPaths []string          `yaml:"resourcesPaths"`
	ConfigFilePath string            `yaml:"configFilePath"`
	AppProtocol    string            `yaml:"appProtocol"`
	Env            map[string]string `yaml:"env"`
}

func (f *runFile) system(root string) (*System, error) {
	if f.Version != 1 {
		return nil, fmt.Errorf("version is %d; only version 1 of the format is known", f.Version)
	}
	if len(f.Apps) == 0 {
		return nil, errors.New("apps is empty; list at least one app")
	}
	system := &System{Root: root}
	for i := range f.Apps {
		app, err := f.Apps[i].app(root, &f.Common)
		if err != nil {
			return nil, fmt.Errorf("apps[%d] (%s): %w", i, cmp.Or(f.Apps[i].AppID, "no appID"), err)
		}
		system.Apps = append(system.Apps, app)
	}
	return system, system.check()
}

func (a *runApp) app(root string, common *runCommon) (App, error) {
	if a.AppID == "" {
		return App{}, errors.New("appID is missing")
	}
	if a.AppDirPath == "" {
		return App{}, errors.New("appDirPath is missing; `./` is the folder of this file")
	}
	app := App{
		ID: a.AppID, Dir: resolve(root, a.AppDirPath), Command: a.Command,
		Protocol: cmp.Or(a.AppProtocol, common.AppProtocol, "http"),
		Env:      map[string]string{}, Ports: map[string]int{
			PortHTTP: a.DaprHTTPPort, PortGRPC: a.DaprGRPCPort, PortInternal: a.DaprInternalGRPCPort, PortMetrics: a.MetricsPort,
		},
	}
	if err := app.fillShared(a, root, common); err != nil {
		return App{}, err
	}
	return app, app.fillPorts(a.AppPort)
}

// fillShared sets the fields that both an app and `common` may have; the app's win. As in the official program, paths of an
// app are relative to its folder, and paths of `common` to the folder of the file.
func (a *App) fillShared(own *runApp, root string, common *runCommon) error {
	maps.Copy(a.Env, common.Env)
	maps.Copy(a.Env, own.Env)
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
		port, err := strconv.Atoi(probe)
		if err != nil || port == 0 {
			return fmt.Errorf("env.%s: %q is not a port number", probeVariable, probe)
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
