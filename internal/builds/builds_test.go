package builds

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stoa/internal/stack"
	"stoa/internal/stack/secrets"
	"stoa/pkg/common/must"
)

// checkoutOf makes a checkout with one program of this text.
func checkoutOf(t *testing.T, program string) (root string) {
	t.Helper()
	root = t.TempDir()
	for name, text := range map[string]string{
		"dapr.yaml":   "version: 1\n\ncommon:\n  logLevel: warn\napps:\n  - appID: a\n    appPort: 8080\n    daprHTTPPort: 3600\n    command: [\"bin/a\"]\n",
		"bin/a":       program,
		"bin/base/x":  "not a program of this build",
		"components/": "", "tools/": "", "deploy/": "",
	} {
		path := filepath.Join(root, name)
		must.Do(t, os.MkdirAll(filepath.Dir(path), 0o755))
		if strings.HasSuffix(name, "/") {
			must.Do(t, os.MkdirAll(path, 0o755))
			continue
		}
		must.Do(t, os.WriteFile(path, []byte(text), 0o600))
	}
	return root
}

func TestLay_putsAnotherBuildInThePlaceOfOne(t *testing.T) {
	pool := &stack.PortPool{}
	t.Cleanup(pool.Release)
	dir := t.TempDir()
	var kept []secrets.Values
	for _, program := range []string{"first", "second"} {
		must.Do(t, Lay(Layout{Root: checkoutOf(t, program), Env: "A: b"}, dir, pool))
		if got := string(must.Get(os.ReadFile(filepath.Join(dir, "bin", "a")))(t)); got != program {
			t.Errorf("the program is %q, want %q", got, program)
		}
		described := string(must.Get(os.ReadFile(filepath.Join(dir, "dapr.yaml")))(t))
		if strings.Contains(described, "8080") || strings.Contains(described, "3600") || !strings.Contains(described, "env: {A: b}") {
			t.Errorf("dapr.yaml is\n%s", described)
		}
		kept = append(kept, must.Get(secrets.Read(dir))(t))
	}
	const key = secrets.SigningKey
	if kept[0][key] == "" || kept[0][key] != kept[1][key] {
		t.Error("the second build has other secrets than the first")
	}
	if _, err := os.Stat(filepath.Join(dir, "bin", "base")); err == nil {
		t.Error("builds of other commits are linked")
	}
}
