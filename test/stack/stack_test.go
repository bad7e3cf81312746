package stack

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"stoa/internal/stack"
	"stoa/internal/stack/description"
	"stoa/internal/stack/state"
)

func TestStack_startsAndStops(t *testing.T) {
	s := newStack(t, describe(t), t.TempDir())
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	processes := s.Processes()
	if len(processes) != 17 {
		t.Errorf("%d processes, want the broker, eight apps and eight sidecars", len(processes))
	}
	for _, p := range processes {
		if p.State != stack.StateReady || p.Restarts != 0 {
			t.Errorf("%s is %s after %d restarts: %s", p.Name, p.State, p.Restarts, p.LastEnd)
		}
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, p := range processes {
		if p.Alive() {
			t.Errorf("%s is still there", p.Name)
		}
		for role, port := range p.Ports {
			if conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
				conn.Close()
				t.Errorf("the %s port of %s is still open", role, p.Name)
			}
		}
	}
}

// call sends a request from the gateway's sidecar to an app and returns the status, 0 when there was none.
func call(t *testing.T, s *stack.Stack, method, app, path string, inChunks bool) int {
	t.Helper()
	port := find(t, s.Processes(), "gateway.sidecar").Ports[description.PortHTTP]
	request, err := http.NewRequestWithContext(t.Context(), method, fmt.Sprintf("http://127.0.0.1:%d/%s", port, path), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("dapr-app-id", app)
	request.Header.Set("dapr-api-token", token(t, s.Dir()))
	if inChunks {
		request.Body, request.ContentLength = io.NopCloser(strings.NewReader("{}")), -1
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode
}

// calls tells how many requests for a path have reached any app.
func calls(s *stack.Stack, path string) int {
	notes, _ := os.ReadFile(filepath.Join(s.Dir(), state.Folder, "calls-"+path))
	return len(notes)
}

func TestCalls_unsafeOnesAreNeverRepeated(t *testing.T) {
	s := start(t)
	if status := call(t, s, http.MethodPost, "auth", "die", true); status < 500 {
		t.Errorf("an app that died under a call: status %d", status)
	}
	eventually(t, "auth runs again", func() bool {
		p := find(t, s.Processes(), "auth")
		return p.Restarts == 1 && p.State == stack.StateReady
	})
	if n := calls(s, "die"); n != 1 {
		t.Errorf("an unsafe call reached the app %d times", n)
	}
	if status := call(t, s, http.MethodPost, "auth", "count", true); status != http.StatusOK || calls(s, "count") != 1 {
		t.Errorf("a call after that: status %d, reached the app %d times", status, calls(s, "count"))
	}
}

func TestCalls_safeOnesSurviveARestart(t *testing.T) {
	s := start(t)
	if status := call(t, s, http.MethodGet, "auth", "die", false); status != http.StatusOK {
		t.Errorf("status %d", status)
	}
	if n := calls(s, "die"); n < 2 {
		t.Errorf("the call reached the app %d times; it died under the first", n)
	}
}

func TestSidecars_askForTheirToken(t *testing.T) {
	s := start(t)
	port := find(t, s.Processes(), "auth.sidecar").Ports[description.PortHTTP]
	response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/v1.0/metadata", port))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a token: status %d", response.StatusCode)
	}
}

func TestStack_bringsBackAKilledSidecarAndBroker(t *testing.T) {
	s := start(t)
	for _, name := range []string{"order-api.sidecar", "broker"} {
		before := find(t, s.Processes(), name)
		if err := s.Signal(name, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		eventually(t, name+" is back", func() bool {
			now := find(t, s.Processes(), name)
			return now.State == stack.StateReady && now.PID != before.PID
		})
	}
	eventually(t, "order-api can be called", func() bool {
		return call(t, s, http.MethodGet, "order-api", "healthz", false) == http.StatusOK
	})
}

func TestStack_saysWhyASidecarCannotStart(t *testing.T) {
	desc := describe(t)
	broken := t.TempDir()
	component := "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {name: odd}\nspec: {type: state.oddity, version: v1}\n"
	if err := os.WriteFile(filepath.Join(broken, "odd.yaml"), []byte(component), 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range desc.Apps {
		if desc.Apps[i].ID == "auth" {
			desc.Apps[i].Resources = append(desc.Apps[i].Resources, broken)
		}
	}
	s := newStack(t, desc, t.TempDir())
	err := s.Start(t.Context())
	if err == nil {
		t.Fatal("started")
	}
	for _, want := range []string{"auth.sidecar cannot start", "state.oddity"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
	record, err := stack.ReadRecord(s.Dir())
	if err != nil || len(record.LeftOvers()) != 0 {
		t.Errorf("left: %v, %v", record.LeftOvers(), err)
	}
}
