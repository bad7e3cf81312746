package stack

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stoa/internal/stack"
	"stoa/internal/stack/description"
	"stoa/internal/stack/state"
	"stoa/pkg/common/must"
	"stoa/test/system"
)

func TestStack_startsAndStops(t *testing.T) {
	t.Parallel()
	described := describe(t)
	s := system.Start(t, described, options())
	processes := s.Processes()
	if apps := len(described.Apps); len(processes) != 1+2*apps {
		t.Errorf("%d processes, want the broker, and %d apps with their sidecars", len(processes), apps)
	}
	for _, p := range processes {
		if p.State != stack.StateReady || p.Restarts != 0 {
			t.Errorf("%s is %s after %d restarts: %s", p.Name, p.State, p.Restarts, p.LastEnd)
		}
	}
	must.Do(t, s.Stop(t.Context()))
	system.Gone(t, processes)
}

// call sends a request from the gateway's sidecar to an app and returns the status, 0 when there was none.
func call(t *testing.T, s system.System, method, app, path string, inChunks bool) int {
	t.Helper()
	port := s.Process(t, "gateway.sidecar").Ports[description.PortHTTP]
	request := must.Get(http.NewRequestWithContext(t.Context(), method, fmt.Sprintf("http://127.0.0.1:%d/%s", port, path), http.NoBody))(t)
	request.Header.Set("dapr-app-id", app)
	request.Header.Set("dapr-api-token", s.Tokens(t).Dapr)
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
func calls(s system.System, path string) int {
	notes, _ := os.ReadFile(state.Path(s.Dir(), "calls-"+path))
	return len(notes)
}

// forget begins to count anew. The first call of "die" ends the app.
func forget(t *testing.T, s system.System, path string) {
	t.Helper()
	must.Do(t, os.RemoveAll(state.Path(s.Dir(), "calls-"+path)))
}

func TestCalls_unsafeOnesAreNeverRepeated(t *testing.T) {
	t.Parallel()
	s := borrow(t)
	before := s.Process(t, "auth")
	forget(t, s, "die")
	if status := call(t, s, http.MethodPost, "auth", "die", true); status < 500 {
		t.Errorf("an app that died under a call: status %d", status)
	}
	system.Eventually(t, "auth runs again", func() error { return s.Replaced(before) })
	if n := calls(s, "die"); n != 1 {
		t.Errorf("an unsafe call reached the app %d times", n)
	}
	if now := s.Process(t, "auth"); now.Restarts != before.Restarts+1 {
		t.Errorf("auth was restarted %d times", now.Restarts-before.Restarts)
	}
	if status := call(t, s, http.MethodPost, "auth", "count", true); status != http.StatusOK || calls(s, "count") != 1 {
		t.Errorf("a call after that: status %d, reached the app %d times", status, calls(s, "count"))
	}
}

func TestCalls_safeOnesSurviveARestart(t *testing.T) {
	t.Parallel()
	s := borrow(t)
	forget(t, s, "die")
	if status := call(t, s, http.MethodGet, "auth", "die", false); status != http.StatusOK {
		t.Errorf("status %d", status)
	}
	if n := calls(s, "die"); n < 2 {
		t.Errorf("the call reached the app %d times; it died under the first", n)
	}
}

func TestSidecars_askForTheirToken(t *testing.T) {
	t.Parallel()
	s := borrow(t)
	port := s.Process(t, "auth.sidecar").Ports[description.PortHTTP]
	response := must.Get(http.Get(fmt.Sprintf("http://127.0.0.1:%d/v1.0/metadata", port)))(t)
	defer response.Body.Close()
	if response.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a token: status %d", response.StatusCode)
	}
}

func TestStack_bringsBackAKilledSidecarAndBroker(t *testing.T) {
	t.Parallel()
	s := borrow(t)
	s.Kill(t, "order-api.sidecar")
	s.Kill(t, "broker")
	system.Eventually(t, "order-api can be called", func() error {
		if status := call(t, s, http.MethodGet, "order-api", "healthz", false); status != http.StatusOK {
			return fmt.Errorf("got %d", status)
		}
		return nil
	})
}

func TestStack_saysWhyASidecarCannotStart(t *testing.T) {
	t.Parallel()
	desc := describe(t)
	broken := t.TempDir()
	component := "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {name: odd}\nspec: {type: state.oddity, version: v1}\n"
	must.Do(t, os.WriteFile(filepath.Join(broken, "odd.yaml"), []byte(component), 0o600))
	for i := range desc.Apps {
		if desc.Apps[i].ID == "auth" {
			desc.Apps[i].Resources = append(desc.Apps[i].Resources, broken)
		}
	}
	o := options()
	o.Dir = t.TempDir()
	s := must.Get(stack.New(desc, o))(t)
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
