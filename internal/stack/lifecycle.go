package stack

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// ErrRunning says that a supervisor already works on the state directory.
var ErrRunning = errors.New("already running")

// Start brings everything up and returns when all is ready. When it returns an error, one line that says which process
// and why, nothing runs any more.
func (s *Stack) Start(ctx context.Context) error {
	if err := s.open(); err != nil {
		return err
	}
	s.setPhase(PhaseStarting, nil)
	err := s.launch(ctx)
	if err != nil {
		s.setPhase(PhaseStopping, err)
		s.shutdown(context.WithoutCancel(ctx))
		s.close(PhaseFailed, err)
		return err
	}
	s.setPhase(PhaseReady, nil)
	if slices.ContainsFunc(s.apps, func(app App) bool { return s.replicas(app.ID) > 0 }) {
		s.say("everything is ready")
	} else {
		s.say("what the apps need is ready")
	}
	return nil
}

// Stop lets the apps finish what they have begun, then the sidecars, then the broker. What takes longer than the grace,
// or is still there when ctx ends, is killed.
func (s *Stack) Stop(ctx context.Context) error {
	s.mu.Lock()
	running := s.phase == PhaseReady
	s.mu.Unlock()
	if !running {
		return nil
	}
	s.setPhase(PhaseStopping, nil)
	s.say("stopping; what has begun is finished first")
	s.shutdown(ctx)
	s.close(PhaseStopped, nil)
	return nil
}

// open takes the lock, makes the folders and ends what an earlier supervisor left.
func (s *Stack) open() error {
	for _, folder := range []string{"", "run", "logs", "data", "mail"} {
		path := filepath.Join(s.options.Dir, StateFolder, folder)
		if err := os.MkdirAll(path, 0o700); err != nil {
			return err
		}
	}
	lock, err := lockSupervisor(s.options.Dir)
	if err != nil {
		return err
	}
	left, err := EndLeftOvers(s.options.Dir)
	if err != nil {
		return errors.Join(err, lock.Close())
	}
	if len(left) > 0 {
		s.say(fmt.Sprintf("ended %d processes that an earlier run had left", len(left)))
	}
	s.mu.Lock()
	s.processes = nil
	s.mu.Unlock()
	s.lock, s.spawner = lock, NewSpawner()
	s.record = newRecorder(recordFile(s.options.Dir), s.snapshot)
	s.logs = newLogKeeper(s.options.Dir)
	return nil
}

// lockSupervisor takes the lock of the state directory. It tries for a moment, since [Running] holds it for an instant.
func lockSupervisor(dir string) (*os.File, error) {
	for range 10 {
		lock, err := lockFile(lockPath(dir))
		if !errors.Is(err, errLocked) {
			return lock, err
		}
		time.Sleep(20 * time.Millisecond)
	}
	return nil, ErrRunning
}

// close is the reverse of open.
func (s *Stack) close(phase Phase, failure error) {
	s.spawner.Close()
	s.pool.Release()
	s.setPhase(phase, failure)
	s.logs.close()
	s.record.close()
	s.lock.Close()
}

func (s *Stack) launch(ctx context.Context) error {
	specs, first, err := s.plan(ctx)
	if err != nil {
		return err
	}
	if taken := takenPorts(append(specs, first...)); len(taken) > 0 {
		return taken[0]
	}
	// Sidecars find each other by what they write here; what an earlier run wrote would only mislead them.
	for _, suffix := range []string{"", "-wal", "-shm"} {
		_ = os.Remove(filepath.Join(s.options.Dir, StateFolder, "data", "names.db"+suffix))
	}
	// Streams must be there before a sidecar subscribes, and whoever signs its certificate before it starts.
	for _, group := range append([][]spec{first}, s.groups(specs)...) {
		if err := waitReady(ctx, s.startAll(group)); err != nil {
			return err
		}
	}
	return nil
}

// groups says what has to wait for what: nothing for anything, as a rule. A RabbitMQ keeps nothing for consumers that it
// does not know yet, so on one nobody is let in before all have subscribed.
func (s *Stack) groups(specs []spec) [][]spec {
	if !slices.ContainsFunc(s.resources, func(r Resource) bool { return r.Spec.Type == rabbitMQ }) {
		return [][]spec{specs}
	}
	var first, door []spec
	for _, spec := range specs {
		if spec.app == gatewayApp && spec.kind == KindApp {
			door = append(door, spec)
		} else {
			first = append(first, spec)
		}
	}
	return [][]spec{first, door}
}

func (s *Stack) startAll(specs []spec) []*process {
	var started []*process
	for _, spec := range specs {
		started = append(started, newProcess(spec, s.options.Dir, s.spawner, s.changed))
	}
	s.mu.Lock()
	s.processes = append(s.processes, started...)
	s.mu.Unlock()
	for _, p := range started {
		p.start()
	}
	return started
}

// plan decides on ports and secrets and lists what to start: the apps with their sidecars, and what these need first, the
// broker and the certificate authority if any.
func (s *Stack) plan(ctx context.Context) (specs, first []spec, err error) {
	brokerPort := 0
	if s.options.FreePorts {
		if brokerPort, err = s.pool.Take(); err != nil {
			return nil, nil, err
		}
	}
	secrets, err := ensureSecrets(s.options.Dir, brokerPort, s.options.Secrets)
	if err == nil {
		err = missingSecret(s.options.Dir, s.resources, secrets)
	}
	if err != nil {
		return nil, nil, err
	}
	tokens, err := ensureTokens(s.options.Dir)
	if err != nil {
		return nil, nil, err
	}
	s.reserveFixed(secrets)
	planner := planner{
		dir: s.options.Dir, daprd: s.options.Daprd, tokens: tokens, inherit: inherited(), extra: s.options.Env,
		secrets: s.latestSecrets(secrets),
	}
	for _, app := range s.apps {
		for replica := range s.replicas(app.ID) {
			placed, err := s.place(app, replica+1)
			if err != nil {
				return nil, nil, err
			}
			specs = append(specs, planner.app(placed, replica+1)...)
		}
	}
	if s.broker {
		if first, err = s.planBroker(secrets); err != nil {
			return nil, nil, err
		}
	}
	if s.options.MTLS {
		sentry, err := s.planSentry(ctx, specs)
		return specs, append(first, sentry), err
	}
	return specs, first, nil
}

// planSentry plans the certificate authority, and tells the sidecars of it.
func (s *Stack) planSentry(ctx context.Context, specs []spec) (spec, error) {
	port := DefaultSentryPort
	if s.options.FreePorts {
		free, err := s.pool.Take()
		if err != nil {
			return spec{}, err
		}
		port = free
	}
	var apps []string
	for _, app := range s.apps {
		apps = append(apps, app.ID)
	}
	authority, err := prepareAuthority(ctx, s.options.Dir, s.options.Sentry, apps)
	if err != nil {
		return spec{}, err
	}
	for i := range specs {
		if specs[i].kind == KindSidecar {
			authority.arm(&specs[i], s.root, port)
		}
	}
	return authority.sentrySpec(s.options.Sentry, s.options.Dir, port), nil
}

// reserveFixed keeps the ports that are given from being handed out as free ones to replicas.
func (s *Stack) reserveFixed(secrets map[string]string) {
	if address, err := brokerAddress(secrets); err == nil {
		port, _ := parsePort(address.Port())
		s.pool.reserved = append(s.pool.reserved, port)
	}
	s.pool.reserved = append(s.pool.reserved, DefaultSentryPort)
	for _, app := range s.apps {
		s.pool.reserved = slices.AppendSeq(s.pool.reserved, maps.Values(app.Ports))
	}
}

func (s *Stack) planBroker(secrets map[string]string) ([]spec, error) {
	address, err := brokerAddress(secrets)
	if err != nil {
		return nil, err
	}
	port, err := parsePort(address.Port())
	if err != nil {
		return nil, err
	}
	streams, err := streamsOf(s.resources)
	if err != nil {
		return nil, err
	}
	ready := func(ctx context.Context) error { return streams.ensure(ctx, address.String()) }
	return []spec{brokerSpec(s.options.Broker, s.options.Dir, port, ready)}, nil
}

// place gives a replica of an app its ports: those of dapr.yaml for the first, free ones for others, and free ones for
// all with FreePorts. Where somebody else starts the app, its port stays: only they know it.
func (s *Stack) place(app App, replica int) (App, error) {
	ports := map[string]int{}
	for role, port := range app.Ports {
		elsewhere := len(app.Command) == 0 && role == PortApp
		if port == 0 || !elsewhere && (s.options.FreePorts || replica > 1) {
			free, err := s.pool.Take()
			if err != nil {
				return App{}, err
			}
			port = free
		}
		ports[role] = port
	}
	app.Ports = ports
	return app, nil
}

// shutdown stops all processes in waves: the gateway, the other apps, the sidecars, the rest.
func (s *Stack) shutdown(ctx context.Context) {
	waves := make([][]*process, 4)
	s.mu.Lock()
	for _, p := range s.processes {
		wave := map[string]int{KindApp: 1, KindSidecar: 2, KindBroker: 3, KindSentry: 3}[p.spec.kind]
		if p.spec.kind == KindApp && p.spec.app == gatewayApp {
			wave = 0
		}
		waves[wave] = append(waves[wave], p)
	}
	s.mu.Unlock()
	for _, wave := range waves {
		var group sync.WaitGroup
		for _, p := range wave {
			group.Go(func() { p.stop(ctx) })
		}
		group.Wait()
	}
}
