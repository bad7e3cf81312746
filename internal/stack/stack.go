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
)

// gatewayApp is the public door: it is the first to stop, so that what it has accepted is still served.
const gatewayApp = "gateway"

// brokerPatience is the length of an outage of the broker after which the sidecars are restarted. Their NATS client
// gives up for good after 60 attempts two seconds apart, and the sidecar does not notice.
const brokerPatience = 60 * time.Second

// Options say where and how a stack runs.
type Options struct {
	Dir       string            // where all state lives, in .stoa; the folder of dapr.yaml when empty
	Bus       string            // folder below components/bus; what dapr.yaml says when empty
	Store     string            // the same below components/store
	Base      string            // the same below components/base
	Scale     map[string]int    // replicas of an app; 1 for those not named, 0 leaves an app out
	FreePorts bool              // replace every port by a free one, so that several stacks run side by side
	Log       io.Writer         // gets one line, in one Write, for every event that a person wants to know of
	Daprd     string            // the sidecar's program; looked for when empty, see [FindDaprd]
	Env       map[string]string // further environment for every app
	Secrets   map[string]string // written into .stoa/secrets.json, over what stands there
	Broker    []string          // command that calls [RunBroker]; `bin/stoa broker` when empty
	MTLS      bool              // sidecars know each other by certificates, and components/config/access applies
	Sentry    string            // the certificate authority's program; looked for when empty, see [FindSentry]
}

// Stack is the running system.
type Stack struct {
	options   Options
	root      string // the folder of dapr.yaml
	apps      []App
	resources []Resource
	broker    bool // whether the components need the embedded broker

	pool    PortPool
	spawner *Spawner
	lock    *os.File
	record  *recorder
	logs    *logKeeper

	mu         sync.Mutex
	phase      Phase
	failure    string
	processes  []*process
	brokerGone time.Time // since when the broker is away
}

// New checks everything that can be checked without starting anything: folders, YAML, programs.
func New(desc *Description, options Options) (*Stack, error) {
	options.Dir = cmp.Or(options.Dir, desc.Root)
	if options.Log == nil {
		options.Log = io.Discard
	}
	if len(options.Broker) == 0 {
		options.Broker = []string{filepath.Join(desc.Root, "bin", "stoa"), "broker"}
	}
	dir, err := filepath.Abs(options.Dir)
	if err != nil {
		return nil, err
	}
	options.Dir = dir
	s := &Stack{options: options, root: desc.Root, phase: PhaseStopped}
	if err := s.chooseApps(desc); err != nil {
		return nil, err
	}
	if err := s.loadResources(); err != nil {
		return nil, err
	}
	if s.options.Daprd == "" {
		if s.options.Daprd, err = FindDaprd(desc.Root); err != nil {
			return nil, err
		}
	}
	if s.options.MTLS && s.options.Sentry == "" {
		if s.options.Sentry, err = FindSentry(desc.Root); err != nil {
			return nil, err
		}
	}
	return s, s.checkPrograms(desc.Root)
}

// chooseApps applies --bus, --store, --base and --scale to the description.
func (s *Stack) chooseApps(desc *Description) error {
	for id, n := range s.options.Scale {
		if _, known := desc.App(id); !known {
			return fmt.Errorf("--scale %s: there is no such app; the apps are: %s", id, desc.ids())
		}
		if n < 0 {
			return fmt.Errorf("--scale %s=%d: the number of replicas cannot be negative", id, n)
		}
	}
	for _, app := range desc.Apps {
		for _, choice := range [][2]string{{"bus", s.options.Bus}, {"store", s.options.Store}, {"base", s.options.Base}} {
			chosen, err := selectFolder(app.Resources, choice[0], choice[1])
			if err != nil {
				return err
			}
			app.Resources = chosen
		}
		s.apps = append(s.apps, app)
	}
	return nil
}

// folders lists the folders of components that are chosen.
func (s *Stack) folders() []string {
	var folders []string
	for _, app := range s.apps {
		folders = append(folders, app.Resources...)
	}
	slices.Sort(folders)
	return slices.Compact(folders)
}

func (s *Stack) loadResources() error {
	var configs []string
	for _, app := range s.apps {
		if app.Config != "" {
			configs = append(configs, app.Config)
		}
	}
	resources, err := LoadResources(s.folders()...)
	if err != nil {
		return err
	}
	if s.options.MTLS {
		for _, app := range s.apps {
			configs = append(configs, accessFile(s.root, app.ID))
		}
	}
	slices.Sort(configs)
	for _, config := range slices.Compact(configs) {
		if _, err := loadFile(config); err != nil {
			return err
		}
	}
	s.resources = resources
	s.broker = slices.ContainsFunc(resources, Resource.onJetStream)
	return nil
}

func (s *Stack) checkPrograms(root string) error {
	needed := map[string]string{"every app": s.options.Daprd}
	if s.broker {
		needed["the broker"] = s.options.Broker[0]
	}
	for _, app := range s.apps {
		if len(app.Command) > 0 && s.replicas(app.ID) > 0 {
			needed[app.ID] = resolve(app.Dir, app.Command[0])
		}
	}
	for _, who := range slices.Sorted(maps.Keys(needed)) {
		path := needed[who]
		if info, err := os.Stat(path); err != nil || info.IsDir() {
			if rel, err := filepath.Rel(root, path); err == nil && !strings.HasPrefix(rel, "..") {
				path = rel
			}
			return fmt.Errorf("%s needs %s, which does not exist; run `make build`", who, path)
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

// Dir is the folder below which the state lives, in .stoa.
func (s *Stack) Dir() string { return s.options.Dir }

// GatewayURL is where people reach the system; it is empty before Start and without a gateway.
func (s *Stack) GatewayURL() string {
	for _, p := range s.Processes() {
		if p.App == gatewayApp && p.Kind == KindApp && p.Ports[PortApp] != 0 {
			return fmt.Sprintf("http://%s:%d", loopback, p.Ports[PortApp])
		}
	}
	return ""
}

// Processes lists all processes of the stack, the broker and the certificate authority first.
func (s *Stack) Processes() []Process {
	s.mu.Lock()
	processes := slices.Clone(s.processes)
	s.mu.Unlock()
	all := make([]Process, 0, len(processes))
	for _, p := range processes {
		info := p.snapshot()
		info.Memory = memory(info.PID)
		all = append(all, info)
	}
	return all
}

// Signal sends a signal to the process of that name, for tests that kill.
func (s *Stack) Signal(name string, sig os.Signal) error {
	s.mu.Lock()
	i := slices.IndexFunc(s.processes, func(p *process) bool { return p.spec.name == name })
	if i < 0 {
		s.mu.Unlock()
		return fmt.Errorf("there is no process %q", name)
	}
	p := s.processes[i]
	s.mu.Unlock()
	return p.signal(sig)
}

// changed is told of every change of state of a process.
func (s *Stack) changed(info Process, line string) {
	s.record.mark()
	if line != "" {
		s.say(line)
	}
	if info.Kind == KindBroker {
		s.watchBroker(info)
	}
}

// watchBroker restarts the sidecars after an outage of the broker that was too long for them.
func (s *Stack) watchBroker(info Process) {
	s.mu.Lock()
	gone := s.brokerGone
	switch {
	case info.State == StateReady:
		s.brokerGone = time.Time{}
	case gone.IsZero():
		s.brokerGone = time.Now()
	}
	processes := slices.Clone(s.processes)
	s.mu.Unlock()
	if info.State != StateReady || gone.IsZero() || time.Since(gone) < brokerPatience {
		return
	}
	s.say("the broker was away for long; its clients in the sidecars have given up, so the sidecars restart")
	for _, p := range processes {
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
	s.phase = phase
	s.failure = ""
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
		Phase: s.phase, Error: s.failure, Gateway: gateway, Folders: s.folders(), Processes: processes,
		Supervisor: Process{Name: "stoa", Kind: "supervisor", PID: pid, Identity: startTime(pid)},
	}
}
