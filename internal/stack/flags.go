package stack

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// sidecarFlags are the remaining fields of the official format and the argument of daprd that each becomes. An empty
// argument marks a field that means something to the official program only: where it writes logs, where it finds daprd,
// what it deploys; and the addresses that this package keeps on loopback.
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

// flagsOf turns fields into arguments of daprd; later maps win over earlier ones.
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

func parsePort(text string) (int, error) {
	port, err := strconv.Atoi(text)
	if err != nil || port < 1 || port > 65535 {
		return 0, fmt.Errorf("%q is not a port number", text)
	}
	return port, nil
}

// yamlProblem is the first problem that the YAML library found, as `line 7: ...`.
func yamlProblem(err error) string {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	text = strings.TrimPrefix(text, "unmarshal errors:\n  ")
	first, _, _ := strings.Cut(text, "\n")
	return first
}
