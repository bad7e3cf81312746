package stack

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestDaprdVersion(t *testing.T) {
	version, err := DaprdVersion(filepath.Join("..", ".."))
	if err != nil || !strings.HasPrefix(version, "1.") {
		t.Errorf("got %q, %v", version, err)
	}
	if minor("v1.18.2") != "1.18" || minor("1.18.7-rc.1") != "1.18" || minor("edge") != "edge" {
		t.Error("the minor version is cut wrongly")
	}
}

func TestFindDaprdPrefersTheCache(t *testing.T) {
	root, cache := t.TempDir(), t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	t.Setenv("PATH", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	write(t, filepath.Join(root, "tools/dapr/go.mod"), "module x\n\nrequire (\n\tgithub.com/dapr/dapr v1.18.2 // indirect\n)\n")
	if _, err := FindDaprd(root); err == nil || !strings.Contains(err.Error(), "make tools") {
		t.Errorf("with no sidecar at all: %v", err)
	}
	cached := filepath.Join(cache, "stoa/dapr/1.18.2/daprd")
	write(t, cached, "")
	if path, err := FindDaprd(root); err != nil || path != cached {
		t.Errorf("got %q, %v, want %q", path, err, cached)
	}
}

func TestUnsuitableDaprd(t *testing.T) {
	if suitable(fake, "1.18.2") {
		t.Error("a Go program that is no sidecar with all components was accepted")
	}
	if suitable("/nowhere", "1.18.2") {
		t.Error("a file that is not there was accepted")
	}
}
