package stack

import (
	"context"
	"errors"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"stoa/internal/stack/description"
	"stoa/internal/stack/state"
	"stoa/pkg/common/must"
)

func TestStack_startsAndStops(t *testing.T) {
	s, _ := newFake(t, fixture(t), nil)
	must.Do(t, s.Start(t.Context()))
	processes := s.Processes()
	if len(processes) != 5 || processes[0].Name != KindBroker {
		t.Errorf("got %v, want the broker and two apps with their sidecars", processes)
	}
	for _, p := range processes {
		if p.State != StateReady || !p.Alive() || p.Memory == 0 {
			t.Errorf("%+v is not ready", p)
		}
	}
	if !strings.HasPrefix(s.GatewayURL(), "http://127.0.0.1:2") {
		t.Errorf("the gateway is at %q, want a free port", s.GatewayURL())
	}
	must.Do(t, s.Stop(t.Context()))
	for _, p := range processes {
		if p.Alive() {
			t.Errorf("%s is still there", p.Name)
		}
		for _, port := range p.Ports {
			if !portFree(port) {
				t.Errorf("port %d of %s is still open", port, p.Name)
			}
		}
	}
	if record, err := ReadRecord(s.Dir()); err != nil || record.Phase != PhaseStopped {
		t.Errorf("the record says %v, %v", record.Phase, err)
	}
}

func TestStop_stopsTheGatewayFirst(t *testing.T) {
	s, _ := newFake(t, fixture(t), nil)
	must.Do(t, s.Start(t.Context()))
	gateway := find(t, s, "gateway").Ports[description.PortApp]
	must.Do(t, s.Stop(t.Context()))
	notes := must.Get(os.ReadFile(state.Path(s.Dir(), "stopped")))(t)
	var order []string
	for port := range strings.FieldsSeq(string(notes)) {
		order = append(order, roleOf(s, port, gateway))
	}
	if got := strings.Join(order, " "); got != "gateway app sidecar sidecar" {
		t.Errorf("stopped in the order: %s", got)
	}
}

// roleOf names the process that listens on a port.
func roleOf(s *Stack, port string, gateway int) string {
	number, _ := strconv.Atoi(port)
	for _, p := range s.Processes() {
		for _, own := range p.Ports {
			switch {
			case own == number && number == gateway:
				return "gateway"
			case own == number:
				return p.Kind
			}
		}
	}
	return "unknown"
}

func TestStack_restartsProcessesThatDie(t *testing.T) {
	s, log := startFake(t, nil)
	sidecar := find(t, s, "worker.sidecar")
	for _, name := range []string{"worker", "gateway"} {
		before := find(t, s, name)
		must.Do(t, s.Signal(name, syscall.SIGKILL))
		eventually(t, name+" runs again", func() bool {
			now := find(t, s, name)
			return now.State == StateReady && now.PID != before.PID && now.Restarts == 1
		})
	}
	if now := find(t, s, "worker.sidecar"); now.PID != sidecar.PID || now.Restarts != 0 {
		t.Error("the sidecar was restarted with its app")
	}
	if find(t, s, "worker").LastEnd != "signal: killed" {
		t.Errorf("the last end of worker: %q", find(t, s, "worker").LastEnd)
	}
	eventually(t, "all is logged", func() bool {
		return strings.Contains(log.String(), "worker died: signal: killed; restart in 100ms") &&
			strings.Contains(log.String(), "worker is ready again")
	})
}

func TestStack_restartsSidecarsAfterALongOutageOfTheBroker(t *testing.T) {
	s, log := startFake(t, nil)
	s.watchBroker(Process{Kind: KindBroker, State: StateWaiting})
	s.watchBroker(Process{Kind: KindBroker, State: StateReady})
	if find(t, s, "worker.sidecar").Restarts != 0 || strings.Contains(log.String(), "unavailable for too long") {
		t.Fatal("the sidecars were restarted after a short outage")
	}
	s.brokerGone = time.Now().Add(-2 * outageLimit)
	s.watchBroker(Process{Kind: KindBroker, State: StateReady})
	for _, name := range []string{"worker.sidecar", "gateway.sidecar"} {
		eventually(t, name+" is ready again", func() bool {
			p := find(t, s, name)
			return p.Restarts == 1 && p.State == StateReady
		})
	}
	if find(t, s, "worker").Restarts != 0 {
		t.Error("an app was restarted too")
	}
}

func TestStart_failsWithAnAppThatFails(t *testing.T) {
	s, log := newFake(t, fixture(t), func(o *Options) {
		o.Env = map[string]string{"FAKE_FAILS": "the secret X is missing", "FAKE_APP": "worker"}
	})
	err := s.Start(t.Context())
	if err == nil {
		t.Fatal("started")
	}
	for _, want := range []string{"worker cannot start", "the secret X is missing", "exit status 1", "worker.log"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
	for _, delay := range []string{"100ms", "200ms", "400ms"} {
		if !strings.Contains(log.String(), "restart in "+delay) {
			t.Errorf("no restart in %s: %s", delay, log)
		}
	}
	record, err := ReadRecord(s.Dir())
	if err != nil || record.Phase != PhaseFailed || !strings.Contains(record.Error, "secret X") {
		t.Errorf("the record says %v %q, %v", record.Phase, record.Error, err)
	}
	if len(record.LeftOvers()) != 0 {
		t.Errorf("still running: %v", record.LeftOvers())
	}
}

func TestStart_failsWithATakenPort(t *testing.T) {
	listener := must.Get(net.Listen("tcp", "127.0.0.1:0"))(t)
	defer listener.Close()
	s, _ := newFake(t, fixture(t), nil)
	port := listener.Addr().(*net.TCPAddr).Port
	s.options.FreePorts = false
	s.broker = false
	s.system.Apps = s.system.Apps[:1]
	s.system.Apps[0].Ports = map[string]int{description.PortApp: port}
	var taken PortTaken
	if err := s.Start(t.Context()); !errors.As(err, &taken) || taken.Port != port || taken.PID != os.Getpid() {
		t.Errorf("got %v, want one line about port %d", err, port)
	}
	if len(s.Processes()) != 0 {
		t.Error("something was started")
	}
}

func TestStart_interruptedLeavesNothing(t *testing.T) {
	s, _ := newFake(t, fixture(t), nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Start(ctx); err == nil {
		t.Fatal("started")
	}
	record, err := ReadRecord(s.Dir())
	if err != nil || len(record.LeftOvers()) != 0 || Running(s.Dir()) {
		t.Errorf("left: %v, %v", record.LeftOvers(), err)
	}
}

func TestStart_refusesASecondSupervisor(t *testing.T) {
	s, _ := startFake(t, nil)
	second, _ := newFake(t, s.Dir(), nil)
	if err := second.Start(t.Context()); !errors.Is(err, ErrRunning) {
		t.Errorf("got %v, want %v", err, ErrRunning)
	}
	if !Running(s.Dir()) {
		t.Error("nothing seems to run")
	}
}

func TestStart_givesReplicasTheirOwnPorts(t *testing.T) {
	s, _ := startFake(t, func(o *Options) { o.Scale = map[string]int{"worker": 2, "gateway": 0} })
	if len(s.Processes()) != 5 || s.GatewayURL() != "" {
		t.Errorf("got %v, want the broker and two workers with their sidecars", s.Processes())
	}
	one, two := find(t, s, "worker"), find(t, s, "worker-2")
	if two.App != "worker" || two.Replica != 2 || one.Ports[description.PortProbe] == two.Ports[description.PortProbe] {
		t.Errorf("the second worker: %+v", two)
	}
}

func TestStop_killsAnAppThatDoesNotStop(t *testing.T) {
	s, log := newFake(t, fixture(t), func(o *Options) { o.Env = map[string]string{"FAKE_IGNORES_TERM": "yes"} })
	must.Do(t, s.Start(t.Context()))
	processes := s.Processes()
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // kill at once
	must.Do(t, s.Stop(ctx))
	for _, p := range processes {
		if p.Alive() {
			t.Errorf("%s is still there", p.Name)
		}
	}
	if !strings.Contains(log.String(), "worker did not stop in time") {
		t.Errorf("it is not in the log: %s", log)
	}
}
