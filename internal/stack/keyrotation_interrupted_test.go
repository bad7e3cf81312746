package stack

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"stoa/internal/stack/description"
	"stoa/internal/stack/secrets"
	"stoa/internal/stack/state"
	"stoa/pkg/common/must"
	"stoa/pkg/identity/signing"
)

// publisher is a fake auth that publishes keys, with the record of its system.
type publisher struct {
	t    *testing.T
	dir  string
	port int
	keys atomic.Pointer[signing.Bundle]
}

func newPublisher(t *testing.T, dir string, keys signing.Bundle) *publisher {
	t.Helper()
	p := &publisher{t: t, dir: dir}
	p.keys.Store(&keys)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		var set struct {
			Keys []map[string]string `json:"keys"`
		}
		for _, key := range *p.keys.Load() {
			set.Keys = append(set.Keys, map[string]string{"kid": key.ID()})
		}
		_ = json.NewEncoder(w).Encode(set)
	}))
	t.Cleanup(server.Close)
	p.port = server.Listener.Addr().(*net.TCPAddr).Port //nolint:forcetypeassert // it listens on TCP
	return p
}

// runSidecar runs a program as auth's sidecar. When it ends, auth publishes the keys in the file, and another sidecar starts.
func (p *publisher) runSidecar(restarts int) {
	sidecar := exec.CommandContext(p.t.Context(), "sleep", "600")
	if err := sidecar.Start(); err != nil {
		p.t.Error(err)
		return
	}
	if err := state.Write(recordFile(p.dir), Record{Phase: PhaseReady, Processes: []Process{
		{Name: "auth", App: authApp, Kind: KindApp, State: StateReady, Ports: map[string]int{description.PortApp: p.port}},
		{Name: "auth.sidecar", App: authApp, Kind: KindSidecar, State: StateReady, PID: sidecar.Process.Pid},
	}}); err != nil {
		p.t.Error(err)
	}
	go func() {
		_ = sidecar.Wait()
		if keys, err := secrets.SigningKeys(p.dir); err == nil && restarts > 0 && p.t.Context().Err() == nil {
			p.keys.Store(&keys)
			p.runSidecar(restarts - 1)
		}
	}()
}

// A rotation that died after it wrote the file leaves a next key that no service knows. It must not sign yet.
func TestRotateSigningKeys_finishesAnInterruptedRotationFirst(t *testing.T) {
	dir, values := firstStart(t)
	before := signing.Fresh(time.Now().Add(-time.Hour))
	written := must.Get(before.Rotate(time.Now().Add(-time.Minute)))(t)
	values[secrets.SigningKey] = written.String()
	must.Do(t, state.Write(secrets.Path(dir), values))
	auth := newPublisher(t, dir, before)
	auth.runSidecar(2)
	ctx, stop := context.WithCancel(t.Context())
	waits := ""
	// The test does not wait for the ten seconds.
	r := keyRotation{ctx: ctx, dir: dir, running: true, say: func(line string) {
		if strings.Contains(line, "signs in") {
			waits = line
			stop()
		}
	}}
	if err := r.awaitNext(); !errors.Is(err, context.Canceled) || !strings.Contains(waits, "signs in 10s") {
		t.Errorf("it does not wait until every service knows the next key: %q, %v", waits, err)
	}
	if got := *auth.keys.Load(); got.String() != written.String() {
		t.Errorf("auth publishes %d other keys", len(got))
	}
	// A key that is published already does not wait again.
	r.ctx = t.Context()
	if err := r.awaitNext(); err != nil {
		t.Error(err)
	}
}
