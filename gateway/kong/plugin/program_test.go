package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"stoa/gateway/edge/request"
)

// This test runs the program as Kong does, and speaks to it as Kong does: that the plugin works inside of a test of the
// PDK says nothing about whether it serves.
func TestTheProgram(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "stoa-api-key")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Run("says what it is", func(t *testing.T) { testDump(t, binary) })
	t.Run("serves", func(t *testing.T) { testServing(t, binary) })
}

// program is the command that runs the plugin with its socket beside it.
func program(t *testing.T, binary string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, append([]string{"-kong-prefix", filepath.Dir(binary)}, args...)...)
	cmd.Env = append(os.Environ(), "DAPR_API_TOKEN=sidecar")
	return cmd
}

func testDump(t *testing.T, binary string) {
	out, err := program(t, binary, "-dump").Output()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Protocol, SocketPath string
		Plugins              []struct {
			Name, Version string
			Priority      int
			Phases        []string
		}
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	if got.Protocol != "ProtoBuf:1" || got.SocketPath != binary+".socket" || len(got.Plugins) != 1 {
		t.Fatalf("got %s", out)
	}
	p := got.Plugins[0]
	if p.Name != "stoa-api-key" || p.Priority != priority || !slices.Equal(p.Phases, []string{"access"}) {
		t.Errorf("got %+v", p)
	}
}

func testServing(t *testing.T, binary string) {
	auth := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get(request.KeyHeader) != shopKey || r.Header.Get(tokenHeader) != "sidecar" {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `{"kind": "forbidden", "status": 403, "detail": "this API key is not valid"}`)
			return
		}
		_, _ = io.WriteString(w, `{"keyId": "k1", "permissions": ["shop:read"]}`)
	}))
	defer auth.Close()
	cmd := program(t, binary)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	k := &kong{t: t, socket: binary + ".socket"}
	instance := k.start(fmt.Sprintf(`{"verification_urls": [%q], "permission": "shop", "__seq__": 7}`, auth.URL))

	passed := k.access(instance, "GET", "/api/v1/products?limit=5", http.Header{"x-api-key": {shopKey}, "cookie": {"a=b"}})
	if passed.status != 0 || !slices.Contains(passed.cleared, "cookie") || !slices.Contains(passed.cleared, "x-api-key") ||
		!slices.Equal(passed.set[tokenHeader], []string{"sidecar"}) {
		t.Errorf("a valid key: %+v", passed)
	}
	for name, tt := range map[string]struct {
		method, target, key string
		want                int
	}{
		"no key":        {"GET", "/api/v1/products", "", 401},
		"unknown key":   {"GET", "/api/v1/products", "made-up", 403},
		"no permission": {"POST", "/api/v1/products", shopKey, 403},
		"path trick":    {"GET", "/api/v1/products/%2e%2e/auth", shopKey, 404},
	} {
		got := k.access(instance, tt.method, tt.target, http.Header{"x-api-key": {tt.key}})
		if got.status != tt.want || !strings.HasPrefix(got.headers.Get("Content-Type"), "application/problem+json") {
			t.Errorf("%s: got %+v, want %d", name, got, tt.want)
		}
	}
}
