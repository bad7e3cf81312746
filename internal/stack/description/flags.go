package description

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// sidecarFlags maps the other fields of the official format to arguments of daprd. A field without an argument is ignored:
// it is for the official program alone (where it writes logs, where it finds daprd, what it deploys), or it is an address,
// which is always loopback here.
var sidecarFlags = map[string]string{
	"appChannelAddress":        "app-channel-address",
	"appHealthCheckPath":       "app-health-check-path",
	"appHealthProbeInterval":   "app-health-probe-interval",
	"appHealthProbeTimeout":    "app-health-probe-timeout",
	"appHealthThreshold":       "app-health-threshold",
	"appMaxConcurrency":        "app-max-concurrency",
	"enableApiLogging":         "enable-api-logging",
	"enableAppHealthCheck":     "enable-app-health-check",
	"enableProfiling":          "enable-profiling",
	"logLevel":                 "log-level",
	"maxBodySize":              "max-body-size",
	"placementHostAddress":     "placement-host-address",
	"profilePort":              "profile-port",
	"readBufferSize":           "read-buffer-size",
	"schedulerHostAddress":     "scheduler-host-address",
	"apiListenAddresses":       "",
	"appLogDestination":        "",
	"containerImage":           "",
	"containerImagePullPolicy": "",
	"createService":            "",
	"daprdLogDestination":      "",
	"runtimePath":              "",
}

// flagsOf returns fields as arguments of daprd; later maps win over earlier ones.
func flagsOf(layers ...map[string]yaml.Node) ([]string, error) {
	values := map[string]string{}
	for _, layer := range layers {
		for _, field := range slices.Sorted(maps.Keys(layer)) {
			node := layer[field]
			flag, known := sidecarFlags[field]
			switch {
			case !known:
				return nil, fmt.Errorf("line %d: unknown field %s", node.Line, field)
			case node.Kind != yaml.ScalarNode:
				return nil, fmt.Errorf("line %d: %s takes a single value", node.Line, field)
			case flag != "":
				values[flag] = strings.TrimSpace(node.Value)
			}
		}
	}
	var args []string
	for _, flag := range slices.Sorted(maps.Keys(values)) {
		if values[flag] != "" {
			args = append(args, "--"+flag+"="+values[flag])
		}
	}
	return args, nil
}

// yamlProblem is the first problem that the YAML library found, as `line 7: ...`.
func yamlProblem(err error) string {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	text = strings.TrimPrefix(text, "unmarshal errors:\n  ")
	first, _, _ := strings.Cut(text, "\n")
	return first
}
