package stack

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"stoa/internal/stack/description"
	"stoa/internal/stack/tools"
)

// outageLimit is the length of an outage of the broker after which the sidecars are restarted. Their NATS client gives up
// for good after 60 attempts two seconds apart, and the sidecar does not notice.
const outageLimit = 60 * time.Second

// Options say where and how a stack runs.
type Options struct {
	Dir       string            // where all state is, in .stoa; default: the folder of dapr.yaml
	Bus       string            // folder below components/bus; default: the one in dapr.yaml
	Store     string            // the same below components/store
	Base      string            // the same below components/base
	Scale     map[string]int    // replicas by app; default 1, 0 leaves an app out
	FreePorts bool              // replace every port by a free one, so that several stacks can run side by side
	Log       io.Writer         // gets one line, in one Write, for every event of interest to the operator
	Daprd     string            // the sidecar's program; default: the one that [tools.FindDaprd] finds
	Env       map[string]string // further environment for every app
	Secrets   map[string]string // written into .stoa/secrets.json; they replace existing ones
	Broker    []string          // command that runs the broker; default: `bin/stoa broker`
	MTLS      bool              // sidecars identify each other by certificates, and components/config/access applies
	Sentry    string            // the certificate authority's program; default: the one that [tools.FindSentry] finds
}

// Stack is a system that can be started and stopped.
type Stack struct {
	options   Options
	system    *description.System // with the chosen folders of components
	resources []description.Resource
	broker    bool // whether the components use the embedded broker

	pool    PortPool
	spawner *Spawner
	lock    *os.File
	record  *recorder
	logs    *logRotator

	mu         sync.Mutex
	phase      Phase
	failure    string
	processes  []*process
	brokerGone time.Time // start of the broker's present outage
}

// New returns a stack. It checks all that can be checked before a start: folders, YAML, programs.
func New(system *description.System, options Options) (*Stack, error) {
	options.Dir = cmp.Or(options.Dir, system.Root)
	if options.Log == nil {
		options.Log = io.Discard
	}
	if len(options.Broker) == 0 {
		options.Broker = []string{filepath.Join(system.Root, "bin", "stoa"), "broker"}
	}
	var err error
	if options.Dir, err = filepath.Abs(options.Dir); err != nil {
		return nil, err
	}
	if err := checkScale(system, options.Scale); err != nil {
		return nil, err
	}
	s := &Stack{options: options, phase: PhaseStopped}
	if s.system, err = system.With(options.Bus, options.Store, options.Base); err != nil {
		return nil, err
	}
	if s.resources, err = loadResources(s.system, options.MTLS); err != nil {
		return nil, err
	}
	s.broker = slices.ContainsFunc(s.resources, description.Resource.OnJetStream)
	return s, s.findPrograms()
}

func checkScale(system *description.System, scale map[string]int) error {
	for id, n := range scale {
		if _, known := system.App(id); !known {
			return fmt.Errorf("--scale %s: no app has this name; the apps are: %s", id, strings.Join(system.IDs(), ", "))
		}
		if n < 0 {
			return fmt.Errorf("--scale %s=%d: the number of replicas cannot be negative", id, n)
		}
	}
	return nil
}

// loadResources reads the components, and checks that the configurations can be read.
func loadResources(system *description.System, mtls bool) ([]description.Resource, error) {
	resources, err := description.LoadResources(system.Folders()...)
	if err != nil {
		return nil, err
	}
	var configs []string
	for _, app := range system.Apps {
		if app.Config != "" {
			configs = append(configs, app.Config)
		}
		if mtls {
			configs = append(configs, accessFile(system.Root, app.ID))
		}
	}
	slices.Sort(configs)
	for _, config := range slices.Compact(configs) {
		if _, err := description.LoadFile(config); err != nil {
			return nil, err
		}
	}
	return resources, nil
}

// findPrograms finds Dapr's programs unless Options name them, and checks that all programs exist.
func (s *Stack) findPrograms() error {
	var err error
	if s.options.Daprd == "" {
		if s.options.Daprd, err = tools.FindDaprd(s.system.Root); err != nil {
			return err
		}
	}
	if s.options.MTLS && s.options.Sentry == "" {
		if s.options.Sentry, err = tools.FindSentry(s.system.Root); err != nil {
			return err
		}
	}
	needed := map[string]string{"every app": s.options.Daprd}
	if s.broker {
		needed["the broker"] = s.options.Broker[0]
	}
	for _, app := range s.system.Apps {
		if program := app.Program(); program != "" && s.replicas(app.ID) > 0 {
			needed[app.ID] = program
		}
	}
	for _, user := range slices.Sorted(maps.Keys(needed)) {
		path := needed[user]
		if info, err := os.Stat(path); err != nil || info.IsDir() {
			if rel, err := filepath.Rel(s.system.Root, path); err == nil && !strings.HasPrefix(rel, "..") {
				path = rel
			}
			return fmt.Errorf("%s needs %s, which does not exist; run `make build`", user, path)
		}
	}
	return nil
}

func (s *Stack) replicas(app string) int {
	if n, ok := s.options.Scale[app]; ok {
		return n
	}
	return 1
}

// Dir is the directory of the state, which is in .stoa below it.
func (s *Stack) Dir() string { return s.options.Dir }

// GatewayURL is the public address of the system; empty before Start, and if there is no gateway.
func (s *Stack) GatewayURL() string {
	for _, p := range s.Processes() {
		if p.App == description.Gateway && p.Kind == KindApp && p.Ports[description.PortApp] != 0 {
			return fmt.Sprintf("http://%s:%d", description.Loopback, p.Ports[description.PortApp])
		}
	}
	return ""
}

// Processes lists all processes of the stack, the broker and the certificate authority first.
func (s *Stack) Processes() []Process {
	var all []Process
	for _, p := range s.supervised() {
		info := p.snapshot()
		info.Memory = memory(info.PID)
		all = append(all, info)
	}
	return all
}

// Signal sends a signal to the process of that name. Tests kill processes by it.
func (s *Stack) Signal(name string, sig os.Signal) error {
	for _, p := range s.supervised() {
		if p.spec.name == name {
			return p.signal(sig)
		}
	}
	return fmt.Errorf("no process has the name %q", name)
}

func (s *Stack) supervised() []*process {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.processes)
}

// changed is called after every change of a process's state.
func (s *Stack) changed(info Process, line string) {
	s.record.mark()
	if line != "" {
		s.say(line)
	}
	if info.Kind == KindBroker {
		s.watchBroker(info)
	}
}

// watchBroker restarts the sidecars after a long outage of the broker.
func (s *Stack) watchBroker(info Process) {
	s.mu.Lock()
	gone := s.brokerGone
	switch {
	case info.State == StateReady:
		s.brokerGone = time.Time{}
	case gone.IsZero():
		s.brokerGone = time.Now()
	}
	s.mu.Unlock()
	if info.State != StateReady || gone.IsZero() || time.Since(gone) < outageLimit {
		return
	}
	s.say("the broker was unavailable for too long: its clients in the sidecars have given up, so the sidecars restart")
	for _, p := range s.supervised() {
		if p.spec.kind == KindSidecar {
			_ = p.signal(syscall.SIGTERM)
		}
	}
}

func (s *Stack) say(line string) {
	fmt.Fprintln(s.options.Log, line)
}

func (s *Stack) setPhase(phase Phase, failure error) {
	s.mu.Lock()
	s.phase, s.failure = phase, ""
	if failure != nil {
		s.failure = failure.Error()
	}
	s.mu.Unlock()
	s.record.mark()
}

func (s *Stack) snapshot() Record {
	processes, gateway := s.Processes(), s.GatewayURL()
	s.mu.Lock()
	defer s.mu.Unlock()
	pid := os.Getpid()
	return Record{
		Phase: s.phase, Error: s.failure, Gateway: gateway, Folders: s.system.Folders(), Processes: processes,
		Supervisor: Process{Name: "stoa", Kind: "supervisor", PID: pid, Identity: startTime(pid)},
	}
}
