package stack

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
)

// StateFolder is the folder below the working directory of every process where all state lives.
const StateFolder = ".stoa"

// drainSeconds is how long a sidecar may take for what it has begun when it is asked to stop: longer than the slowest
// handler of an app.
const drainSeconds = 15

// The kinds of processes.
const (
	KindBroker  = "broker"
	KindSentry  = "sentry"
	KindApp     = "app"
	KindSidecar = "sidecar"
)

// spec is what a process is started from.
type spec struct {
	name, app, kind string
	replica         int
	command         []string
	dir             string // working directory
	env             []string
	secrets         func() map[string]string // what its environment holds besides, read at every start; may be nil
	ports           map[string]int           // what `stoa status` shows
	listens         []int                    // what has to be free before
	ready           func(context.Context) error
}

// planner turns apps into specs.
type planner struct {
	dir     string
	daprd   string
	extra   map[string]string // further environment of apps
	tokens  Tokens
	secrets func() map[string]string // for sidecars that read them in their environment; nil where they do not
	inherit []string
}

// app plans one replica of an app: the app itself, unless somebody else starts it, and its sidecar.
func (p *planner) app(app App, replica int) []spec {
	name := app.ID
	if replica > 1 {
		name += "-" + strconv.Itoa(replica)
	}
	specs := []spec{p.sidecar(app, name, replica)}
	if len(app.Command) > 0 {
		specs = append(specs, p.program(app, name, replica))
	}
	return specs
}

// Environment is what the app's program is told by its environment, but for the tokens.
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

// SidecarArguments is what the app's sidecar is told by its command line.
func (a App) SidecarArguments() []string {
	number := func(role string) string { return strconv.Itoa(a.Ports[role]) }
	args := []string{
		"--app-id", a.ID, "--app-protocol", a.Protocol,
		"--dapr-http-port", number(PortHTTP), "--dapr-grpc-port", number(PortGRPC), "--dapr-listen-addresses", loopback,
		"--dapr-internal-grpc-port", number(PortInternal), "--dapr-internal-grpc-listen-address", loopback,
		"--metrics-port", number(PortMetrics), "--metrics-listen-address", loopback,
		"--dapr-graceful-shutdown-seconds", strconv.Itoa(drainSeconds), "--log-as-json",
	}
	if a.Ports[PortApp] != 0 {
		args = append(args, "--app-port", number(PortApp), "--app-channel-address", loopback)
	}
	if a.Config != "" {
		args = append(args, "--config", a.Config)
	}
	for _, folder := range a.Resources {
		args = append(args, "--resources-path", folder)
	}
	return append(args, a.Flags...)
}

func (p *planner) program(app App, name string, replica int) spec {
	env := app.Environment()
	env["DAPR_API_TOKEN"], env["APP_API_TOKEN"] = p.tokens.Dapr, p.tokens.App
	maps.Copy(env, p.extra)
	s := spec{
		name: name, app: app.ID, kind: KindApp, replica: replica, dir: p.dir,
		command: slices.Concat([]string{resolve(app.Dir, app.Command[0])}, app.Command[1:]),
		env:     p.environment(env), ports: pick(app.Ports, PortApp, PortProbe),
	}
	s.listens = slices.Collect(maps.Values(s.ports))
	if port := cmp.Or(app.Ports[PortProbe], app.Ports[PortApp]); port != 0 {
		s.ready = answers(fmt.Sprintf("http://%s:%d/readyz", loopback, port))
	}
	return s
}

func (p *planner) sidecar(app App, name string, replica int) spec {
	env := map[string]string{"DAPR_HOST_IP": loopback, "DAPR_API_TOKEN": p.tokens.Dapr, "APP_API_TOKEN": p.tokens.App}
	s := spec{
		name: name + ".sidecar", app: app.ID, kind: KindSidecar, replica: replica, dir: p.dir,
		command: slices.Concat([]string{p.daprd}, app.SidecarArguments()),
		env:     p.environment(env), secrets: p.secrets,
		ports: pick(app.Ports, PortHTTP, PortGRPC, PortInternal, PortMetrics),
		ready: answers(fmt.Sprintf("http://%s:%d/v1.0/healthz/outbound", loopback, app.Ports[PortHTTP])),
	}
	s.listens = slices.Collect(maps.Values(s.ports))
	return s
}

// environment is what the program is started with now.
func (s spec) environment() []string {
	if s.secrets == nil {
		return s.env
	}
	env := slices.Clone(s.env)
	for name, value := range s.secrets() {
		env = append(env, name+"="+value)
	}
	return env
}

func (p *planner) environment(own map[string]string) []string {
	env := slices.Clone(p.inherit)
	for _, name := range slices.Sorted(maps.Keys(own)) {
		env = append(env, name+"="+own[name])
	}
	return env
}

const loopback = "127.0.0.1"

// inherited is the part of the operator's environment that reaches the processes: what any program needs, and what
// Stoa's own documentation says can be set this way. Whatever else is in a shell must not change how the system runs;
// OTEL_SERVICE_NAME, for one, would give every sidecar the same name.
func inherited() []string {
	names := []string{"PATH", "HOME", "USER", "TMPDIR", "LANG", "TZ", "LOG_LEVEL"}
	prefixes := []string{"OTEL_EXPORTER_", "STOA_"}
	var env []string
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		hasPrefix := func(prefix string) bool { return strings.HasPrefix(name, prefix) }
		if slices.Contains(names, name) || slices.ContainsFunc(prefixes, hasPrefix) {
			env = append(env, entry)
		}
	}
	return env
}

func pick(ports map[string]int, roles ...string) map[string]int {
	picked := map[string]int{}
	for _, role := range roles {
		if ports[role] != 0 {
			picked[role] = ports[role]
		}
	}
	return picked
}

// brokerSpec plans the embedded broker.
func brokerSpec(command []string, dir string, port int, ready func(context.Context) error) spec {
	return spec{
		name: KindBroker, kind: KindBroker, replica: 1, dir: dir, env: inherited(),
		command: slices.Concat(command, []string{"--dir", dir}),
		ports:   map[string]int{PortBroker: port}, listens: []int{port}, ready: ready,
	}
}
