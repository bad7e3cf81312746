package description

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"stoa/pkg/common/must"
)

func TestLoad_mergesCommonAndApp(t *testing.T) {
	root := t.TempDir()
	write(t, filepath.Join(root, "dapr.yaml"), `version: 1
common:
  resourcesPaths: [components/a]
  configFilePath: config.yaml
  logLevel: warn
  placementHostAddress: ""
  schedulerHostAddress: " "
  env: {SHARED: all, OWN: common}
apps:
  - appID: one
    appDirPath: ./
    appPort: 8001
    daprHTTPPort: 3601
    command: [bin/one, --verbose]
    env: {OWN: app, PROBE_PORT: 8201}
  - appID: two
    appDirPath: ./two
    appProtocol: grpc
    resourcesPaths: [mine]
    logLevel: debug
    enableApiLogging: true
`)
	system := must.Get(Load(root))(t)
	one, two := system.Apps[0], system.Apps[1]
	if one.Ports[PortApp] != 8001 || one.Ports[PortHTTP] != 3601 || one.Ports[PortProbe] != 8201 {
		t.Errorf("ports of one: %v", one.Ports)
	}
	if one.Env["SHARED"] != "all" || one.Env["OWN"] != "app" {
		t.Errorf("env of one: %v; the app's value has to win", one.Env)
	}
	if !slices.Equal(one.Resources, []string{filepath.Join(root, "components/a")}) || one.Protocol != "http" {
		t.Errorf("resources and protocol of one: %v, %s", one.Resources, one.Protocol)
	}
	if !slices.Equal(one.Flags, []string{"--log-level=warn"}) {
		t.Errorf("flags of one: %v; blank addresses mean none", one.Flags)
	}
	if !slices.Equal(two.Resources, []string{filepath.Join(root, "two/mine")}) || two.Protocol != "grpc" {
		t.Errorf("resources and protocol of two: %v, %s", two.Resources, two.Protocol)
	}
	if !slices.Equal(two.Flags, []string{"--enable-api-logging=true", "--log-level=debug"}) {
		t.Errorf("flags of two: %v", two.Flags)
	}
	if two.Config != filepath.Join(root, "config.yaml") {
		t.Errorf("config of two: %s", two.Config)
	}
}

func TestLoad_saysWhereTheMistakeIs(t *testing.T) {
	tests := map[string]struct {
		text string
		want []string
	}{
		"broken YAML":    {"version: 1\napps:\n  - appID: [a\n", []string{"dapr.yaml", "line"}},
		"wrong type":     {"version: 1\napps:\n  - appID: a\n    appPort: many\n", []string{"line 4", "many"}},
		"other version":  {"version: 2\napps: [{appID: a, appDirPath: ./}]\n", []string{"version is 2"}},
		"no apps":        {"version: 1\n", []string{"apps is empty"}},
		"no appID":       {"version: 1\napps: [{appDirPath: ./}]\n", []string{"apps[0]", "appID is missing"}},
		"no folder":      {"version: 1\napps: [{appID: a}]\n", []string{"apps[0] (a)", "appDirPath is missing"}},
		"unknown field":  {"version: 1\napps:\n  - appID: a\n    appDirPath: ./\n    appprot: 1\n", []string{"(a)", "line 5", "appprot"}},
		"list for value": {"version: 1\napps: [{appID: a, appDirPath: ./, logLevel: [x]}]\n", []string{"(a)", "logLevel takes a single value"}},
		"port too large": {"version: 1\napps: [{appID: a, appDirPath: ./, appPort: 70000}]\n", []string{"(a)", "70000"}},
		"probe port":     {"version: 1\napps: [{appID: a, appDirPath: ./, env: {PROBE_PORT: x}}]\n", []string{"(a)", "PROBE_PORT"}},
		"twice the app":  {"version: 1\napps: [{appID: a, appDirPath: ./}, {appID: a, appDirPath: ./}]\n", []string{"a occurs twice", "--scale a=2"}},
		"twice the port": {"version: 1\napps: [{appID: a, appDirPath: ./, appPort: 81}, {appID: b, appDirPath: ./, metricsPort: 81}]\n",
			[]string{"the app port of a", "the metrics port of b", "81"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			write(t, filepath.Join(root, "dapr.yaml"), test.text)
			_, err := Load(root)
			if err == nil {
				t.Fatal("no error")
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than one line: %v", err)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
}

func TestLoad_needsAFile(t *testing.T) {
	if _, err := Load(t.TempDir()); err == nil || !strings.Contains(err.Error(), "--dir") {
		t.Errorf("got %v, want an error that says what to do", err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	must.Do(t, os.WriteFile(path, []byte(text), 0o600))
}
