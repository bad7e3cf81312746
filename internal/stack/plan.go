package stack

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"stoa/internal/stack/broker"
	"stoa/internal/stack/certificates"
	"stoa/internal/stack/description"
	"stoa/internal/stack/secrets"
)

// sentryPort is where the certificate authority listens, unless Options.FreePorts is set.
const sentryPort = 14501

// The kinds of processes.
const (
	KindBroker  = "broker"
	KindSentry  = "sentry"
	KindApp     = "app"
	KindSidecar = "sidecar"
)

// spec says how a process is started.
type spec struct {
	name, app, kind string
	replica         int
	command         []string
	dir             string // working directory
	env             []string
	secrets         func() secrets.Values // further environment, read at every start; may be nil
	ports           map[string]int        // by role; all have to be free
	ready           func(context.Context) error
	lastWords       string // it logs this before it ends, and may answer that it is ready for a moment more
	crippled        string // it logs this when it goes on without what it needs; then it is started again
}

// environment is the environment of a process that starts now.
func (s spec) environment() []string {
	if s.secrets == nil {
		return s.env
	}
	return slices.Concat(s.env, variables(s.secrets()))
}

// plan chooses ports and secrets, and lists what to start: specs are the apps with their sidecars; first is what has to run
// before them, the broker and the certificate authority, if the system has these.
func (s *Stack) plan(ctx context.Context) (specs, first []spec, err error) {
	brokerPort := 0
	if s.options.FreePorts {
		if brokerPort, err = s.pool.Take(); err != nil {
			return nil, nil, err
		}
	}
	values, err := secrets.Ensure(s.options.Dir, brokerPort, s.options.Secrets)
	if err == nil {
		err = values.CheckReferences(s.options.Dir, s.resources)
	}
	if err != nil {
		return nil, nil, err
	}
	s.reserveFixed(values)
	if specs, err = s.planApps(values); err != nil {
		return nil, nil, err
	}
	if s.broker {
		if first, err = s.planBroker(values); err != nil {
			return nil, nil, err
		}
	}
	if s.options.MTLS {
		sentry, err := s.planSentry(ctx, specs)
		return specs, append(first, sentry), err
	}
	return specs, first, nil
}

// reserveFixed makes sure that no replica gets the fixed port of another process.
func (s *Stack) reserveFixed(values secrets.Values) {
	if _, port, err := values.Broker(); err == nil {
		s.pool.reserved = append(s.pool.reserved, port)
	}
	s.pool.reserved = append(s.pool.reserved, sentryPort)
	for _, app := range s.system.Apps {
		s.pool.reserved = slices.AppendSeq(s.pool.reserved, maps.Values(app.Ports))
	}
}

func (s *Stack) planApps(values secrets.Values) ([]spec, error) {
	tokens, err := secrets.EnsureTokens(s.options.Dir)
	if err != nil {
		return nil, err
	}
	planner := planner{
		dir: s.options.Dir, daprd: s.options.Daprd, tokens: tokens, inherit: inherited(), extra: s.options.Env,
		secrets: s.latestSecrets(values),
	}
	var specs []spec
	for _, app := range s.system.Apps {
		for replica := range s.replicas(app.ID) {
			placed := app
			if placed.Ports, err = s.choosePorts(app, replica+1); err != nil {
				return nil, err
			}
			specs = append(specs, planner.app(placed, replica+1)...)
		}
	}
	return specs, nil
}

// latestSecrets returns a function that reads the secrets for the environment of a sidecar, because they may have changed
// since the start. It returns nil if sidecars do not read secrets from their environment.
func (s *Stack) latestSecrets(atStart secrets.Values) func() secrets.Values {
	if atStart.ForEnvironment(s.resources, s.broker) == nil {
		return nil
	}
	return func() secrets.Values {
		stored, err := secrets.Read(s.options.Dir)
		if err != nil {
			stored = atStart
		}
		return stored.ForEnvironment(s.resources, s.broker)
	}
}

// choosePorts returns the ports of a replica: those of dapr.yaml for the first replica, and free ones for the others. An app
// that is started elsewhere keeps its port.
func (s *Stack) choosePorts(app description.App, replica int) (map[string]int, error) {
	ports := map[string]int{}
	for role, port := range app.Ports {
		elsewhere := len(app.Command) == 0 && role == description.PortApp
		if port == 0 || !elsewhere && (s.options.FreePorts || replica > 1) {
			free, err := s.pool.Take()
			if err != nil {
				return nil, err
			}
			port = free
		}
		ports[role] = port
	}
	return ports, nil
}

func (s *Stack) planBroker(values secrets.Values) ([]spec, error) {
	address, port, err := values.Broker()
	if err != nil {
		return nil, err
	}
	streams, err := broker.StreamsOf(s.resources)
	if err != nil {
		return nil, err
	}
	return []spec{{
		name: KindBroker, kind: KindBroker, replica: 1, dir: s.options.Dir, env: inherited(),
		command: slices.Concat(s.options.Broker, []string{"--dir", s.options.Dir}),
		ports:   map[string]int{description.PortBroker: port},
		ready:   func(ctx context.Context) error { return streams.Ensure(ctx, address.String()) },
	}}, nil
}

// planSentry plans the certificate authority, and adds what sidecars need to use it to their commands and environments.
func (s *Stack) planSentry(ctx context.Context, specs []spec) (spec, error) {
	port := sentryPort
	if s.options.FreePorts {
		free, err := s.pool.Take()
		if err != nil {
			return spec{}, err
		}
		port = free
	}
	authority, err := certificates.Prepare(ctx, s.options.Dir, s.options.Sentry, s.system.IDs())
	if err != nil {
		return spec{}, err
	}
	address := fmt.Sprintf("%s:%d", description.Loopback, port)
	for i := range specs {
		if p := &specs[i]; p.kind == KindSidecar {
			p.command = append(p.command, "--enable-mtls", "--sentry-address", address, "--config", accessFile(s.system.Root, p.app))
			p.env = append(p.env, "DAPR_TRUST_ANCHORS="+authority.Anchors, "DAPR_SENTRY_TOKEN_FILE="+authority.TokenFile(p.app))
		}
	}
	return spec{
		name: KindSentry, kind: KindSentry, replica: 1, dir: s.options.Dir, env: inherited(),
		command: []string{
			s.options.Sentry, "--issuer-credentials", authority.Folder, "--listen-address", description.Loopback, "--port", strconv.Itoa(port),
		},
		ports: map[string]int{description.PortSentry: port},
		ready: func(ctx context.Context) error { return Probe(ctx, "tcp://"+address) },
	}, nil
}

// accessFile is the policy that says who may call what of an app.
func accessFile(root, app string) string {
	return filepath.Join(root, "components", "config", "access", app+".yaml")
}

// planner makes the specs of apps.
type planner struct {
	dir     string
	daprd   string
	extra   map[string]string // further environment of apps
	tokens  secrets.Tokens
	secrets func() secrets.Values // for sidecars that read them from their environment; else nil
	inherit []string
}

// app plans one replica of an app: its sidecar, and the app itself unless it is started elsewhere.
func (p *planner) app(app description.App, replica int) []spec {
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

func (p *planner) program(app description.App, name string, replica int) spec {
	env := app.Environment()
	env["DAPR_API_TOKEN"], env["APP_API_TOKEN"] = p.tokens.Dapr, p.tokens.App
	maps.Copy(env, p.extra)
	s := spec{
		name: name, app: app.ID, kind: KindApp, replica: replica, dir: p.dir,
		command: slices.Concat([]string{app.Program()}, app.Command[1:]), env: slices.Concat(p.inherit, variables(env)),
		ports: pick(app.Ports, description.PortApp, description.PortProbe),
	}
	if port := cmp.Or(app.Ports[description.PortProbe], app.Ports[description.PortApp]); port != 0 {
		s.ready = answers(readyURL(port))
	}
	return s
}

// readyURL is where an app says whether it is ready.
func readyURL(port int) string { return fmt.Sprintf("http://%s:%d/readyz", description.Loopback, port) }

func (p *planner) sidecar(app description.App, name string, replica int) spec {
	env := map[string]string{
		"DAPR_HOST_IP": description.Loopback, "DAPR_API_TOKEN": p.tokens.Dapr, "APP_API_TOKEN": p.tokens.App,
	}
	if strings.HasPrefix(os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT"), "http://") {
		env["OTEL_EXPORTER_OTLP_INSECURE"] = "true" // apps take it from the address, and sidecars do not
	}
	ports := pick(app.Ports, description.PortHTTP, description.PortGRPC, description.PortInternal, description.PortMetrics)
	health := fmt.Sprintf("http://%s:%d/v1.0/healthz/outbound", description.Loopback, ports[description.PortHTTP])
	return spec{
		name: name + ".sidecar", app: app.ID, kind: KindSidecar, replica: replica, dir: p.dir,
		command: slices.Concat([]string{p.daprd}, app.SidecarArguments()),
		env:     slices.Concat(p.inherit, variables(env)), secrets: p.secrets, ports: ports, ready: answers(health),
		lastWords: "daprd will exit gracefully",
		// Without a name, nobody finds its app. That happens when the file of names is locked for too long.
		crippled: "initialization error occurred for nr",
	}
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

// variables returns an environment as a list of NAME=value.
func variables(env map[string]string) []string {
	var entries []string
	for _, name := range slices.Sorted(maps.Keys(env)) {
		entries = append(entries, name+"="+env[name])
	}
	return entries
}

// inherited is the part of the operator's environment that the processes get: what any program needs, and what Stoa's
// documentation says can be set this way. Other variables must not change the system; OTEL_SERVICE_NAME, for example, would
// give every sidecar the same name.
func inherited() []string {
	names := []string{"PATH", "HOME", "USER", "TMPDIR", "LANG", "TZ", "LOG_LEVEL", "GOGC", "GOMEMLIMIT"}
	prefixes := []string{"OTEL_EXPORTER_", "OTEL_TRACES_", "STOA_"}
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
