package stack

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"stoa/pkg/identity/signing"
)

// publisher is an auth that publishes keys, and the record of the system in which it runs.
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
	if err := os.Mkdir(runFolder(dir), 0o700); err != nil {
		t.Fatal(err)
	}
	return p
}

// runSidecar puts a program in the place of auth's sidecar; when it is ended, auth has read the file and another takes its
// place.
func (p *publisher) runSidecar(restarts int) {
	sidecar := exec.CommandContext(p.t.Context(), "sleep", "600")
	if err := sidecar.Start(); err != nil {
		p.t.Error(err)
		return
	}
	if err := writePrivate(recordFile(p.dir), Record{Phase: PhaseReady, Processes: []Process{
		{Name: "auth", App: authApp, Kind: KindApp, State: StateReady, Ports: map[string]int{PortApp: p.port}},
		{Name: "auth.sidecar", App: authApp, Kind: KindSidecar, State: StateReady, PID: sidecar.Process.Pid},
	}}); err != nil {
		p.t.Error(err)
	}
	go func() {
		_ = sidecar.Wait()
		if keys, err := SigningKeys(p.dir); err == nil && restarts > 0 && p.t.Context().Err() == nil {
			p.keys.Store(&keys)
			p.runSidecar(restarts - 1)
		}
	}()
}

// A rotation that died after it wrote the file leaves a next key that nobody has seen. It does not sign until they have.
func TestARotationThatBrokeOffIsFinishedFirst(t *testing.T) {
	dir := stateDir(t)
	secrets, err := ensureSecrets(dir, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	before := signing.Fresh(time.Now().Add(-time.Hour))
	written, err := before.Rotate(time.Now().Add(-time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	secrets[secretSigning] = written.String()
	if err := writePrivate(secretsFile(dir), secrets); err != nil {
		t.Fatal(err)
	}
	auth := newPublisher(t, dir, before)
	auth.runSidecar(2)
	ctx, stop := context.WithCancel(t.Context())
	waits := ""
	// Without the ten seconds themselves.
	r := rotation{ctx: ctx, dir: dir, running: true, say: func(line string) {
		if strings.Contains(line, "signs in") {
			waits = line
			stop()
		}
	}}
	if err := r.settle(); !errors.Is(err, context.Canceled) || !strings.Contains(waits, "signs in 10s") {
		t.Errorf("it does not wait until the next key is known everywhere: %q, %v", waits, err)
	}
	if got := *auth.keys.Load(); got.String() != written.String() {
		t.Errorf("auth publishes %d other keys", len(got))
	}
	// What is published already need not wait again.
	r.ctx = t.Context()
	if err := r.settle(); err != nil {
		t.Error(err)
	}
}
