package conformance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"sync"
	"testing"
	"time"

	"stoa/internal/stack"
	"stoa/internal/stack/description"
	"stoa/pkg/messaging"
	"stoa/test/servers"
	"stoa/test/system"
)

// rig is a stack on a bus and a store, with servers of its own, so that nothing is left of what ran before.
type rig struct {
	system.System
	pair    pair
	servers map[string]*servers.Server // by kind
}

// setUp starts a rig. Without apps the whole shop runs; otherwise only the sidecars of these apps, and the checks play
// the apps.
func setUp(t *testing.T, p pair, scale map[string]int, apps ...string) (*rig, error) {
	t.Helper()
	r := &rig{pair: p, servers: map[string]*servers.Server{}}
	secrets, err := r.startServers(t)
	if err != nil {
		return nil, err
	}
	if r.Stack, err = r.plan(t, secrets, scale, apps); err != nil {
		return nil, err
	}
	if err := r.Start(t.Context()); err != nil {
		if r.standIn() != "" {
			err = fmt.Errorf("the real server %w, and with %s: %w", errAbsent, r.standIn(), err)
		}
		return nil, err
	}
	t.Cleanup(func() {
		if err := r.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return r, nil
}

// plan describes the stack without starting it.
func (r *rig) plan(t *testing.T, secrets map[string]string, scale map[string]int, apps []string) (*stack.Stack, error) {
	described, err := description.Load(system.Root(t))
	if len(apps) > 0 {
		described, err = system.Sidecars(system.Root(t), apps...)
	}
	if err != nil {
		return nil, err
	}
	dir := system.Folder(t)
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return stack.New(described, stack.Options{
		Dir: dir, Bus: r.pair.bus, Store: r.pair.store, Scale: scale, FreePorts: true, Secrets: secrets, Log: io.Discard,
		Broker: []string{self, brokerRole},
	})
}

var programs sync.Map // the kinds of servers whose version was recorded

// startServers starts what the pair needs and returns how to reach it.
func (r *rig) startServers(t *testing.T) (map[string]string, error) {
	secrets := map[string]string{}
	for _, kind := range servers.Needed(r.pair.bus, r.pair.store) {
		if err := servers.Find(kind); err != nil {
			return nil, fmt.Errorf("%s %w: %w", kind, errAbsent, err)
		}
		server, err := servers.Start(t.Context(), kind)
		if err != nil {
			return nil, err
		}
		t.Cleanup(func() {
			if err := server.Stop(); err != nil {
				t.Error(err)
			}
		})
		r.servers[kind] = server
		maps.Copy(secrets, server.Secrets)
		if _, known := programs.LoadOrStore(kind, true); !known {
			took(kind, server.Version, server.StandIn)
		}
	}
	return secrets, nil
}

func (r *rig) standIn() string {
	for _, server := range r.servers {
		if server.StandIn != "" {
			return server.StandIn
		}
	}
	return ""
}

// outage takes a broker or a database away, by SIGKILL, and brings it back with the same data.
type outage interface {
	down() error
	up(ctx context.Context) error
}

type serverOutage struct{ *servers.Server }

func (o serverOutage) down() error                  { return o.Kill() }
func (o serverOutage) up(ctx context.Context) error { return o.Restart(ctx) }

// embeddedOutage keeps the supervisor's restart of the embedded broker waiting at a gate.
type embeddedOutage struct{ *rig }

func (o embeddedOutage) down() error {
	if err := os.WriteFile(gateFile(o.Dir()), nil, 0o600); err != nil {
		return err
	}
	return o.Signal("broker", os.Kill)
}

func (o embeddedOutage) up(ctx context.Context) error {
	if err := os.Remove(gateFile(o.Dir())); err != nil {
		return err
	}
	for tick := time.NewTicker(10 * time.Millisecond); ; {
		if o.Replaced(stack.Process{Name: "broker"}) == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errors.New("the broker does not come back")
		}
	}
}

func (r *rig) broker() outage {
	if server, ok := r.servers[r.pair.bus]; ok {
		return serverOutage{server}
	}
	return embeddedOutage{r}
}

// database is nil where there is no server.
func (r *rig) database() outage {
	if server, ok := r.servers[r.pair.store]; ok {
		return serverOutage{server}
	}
	return nil
}

// receive handles events beside the first sidecar of the receiver until the check ends; it returns once subscribed.
func (r *rig) receive(t *probe, table ...messaging.Subscription) (stop func()) {
	t.Helper()
	return system.Consume(t, r.Open(t, receiver), receiver, table...)
}
