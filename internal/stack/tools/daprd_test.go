package tools

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stoa/pkg/common/must"
)

func TestPinnedVersion_comesFromTheModule(t *testing.T) {
	version, err := daprd.pinnedVersion(filepath.Join("..", "..", ".."))
	if err != nil || !strings.HasPrefix(version, "1.") {
		t.Errorf("got %q, %v", version, err)
	}
	if minor("v1.18.2") != "1.18" || minor("1.18.7-rc.1") != "1.18" || minor("edge") != "edge" {
		t.Error("the minor version is wrong")
	}
}

func TestFindDaprd_prefersTheCache(t *testing.T) {
	root, cache := t.TempDir(), t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	t.Setenv("PATH", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	write(t, filepath.Join(root, "tools/dapr/go.mod"), "module x\n\nrequire (\n\tgithub.com/dapr/dapr v1.18.2 // indirect\n)\n")
	write(t, filepath.Join(root, "tools/dapr/daprd/main.go"), "package main\n")
	if _, err := FindDaprd(root); err == nil || !strings.Contains(err.Error(), "make tools") {
		t.Errorf("with no sidecar at all: %v", err)
	}
	built, _, err := daprd.cached(root)
	must.Do(t, err)
	write(t, built, "")
	if path, err := FindDaprd(root); err != nil || path != built {
		t.Errorf("got %q, %v, want %q", path, err, built)
	}
	write(t, filepath.Join(root, "tools/dapr/daprd/main.go"), "package main // another component\n")
	if path, err := FindDaprd(root); err == nil {
		t.Errorf("after a change of its source: got %q", path)
	}
	t.Setenv(DaprdVariable, os.Args[0])
	if path, err := FindDaprd(root); err != nil || path != os.Args[0] {
		t.Errorf("got %q, %v, want %q", path, err, os.Args[0])
	}
}

func TestFindDaprd_refusesUnsuitablePrograms(t *testing.T) {
	if suitable(os.Args[0], "1.18.2") {
		t.Error("a Go program that is not a sidecar was accepted")
	}
	if suitable("/nowhere", "1.18.2") {
		t.Error("a missing file was accepted")
	}
}

func TestFindSentry_saysHowToBuildIt(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	if _, err := FindSentry(filepath.Join("..", "..", "..")); err == nil || !strings.Contains(err.Error(), "make sentry") {
		t.Errorf("got %v", err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	must.Do(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must.Do(t, os.WriteFile(path, []byte(text), 0o600))
}
