// Package golden compares the output of a test with a file in the repository, or writes the file. Tests generate files such
// as the OpenAPI descriptions so, and check that they are up to date.
package golden

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// Check compares got with the file at path, which is relative to the repository's root. With STOA_UPDATE=1 it writes the file
// instead (`make generate`).
func Check(t *testing.T, path string, got []byte) {
	t.Helper()
	path = filepath.Join(root(t), path)
	if os.Getenv("STOA_UPDATE") == "1" {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; run `make generate`", err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the code says; run `make generate` and look at the difference", path)
	}
}

// root is the repository's root, above the folder of the package in which a test runs.
func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	for ; err == nil; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			err = os.ErrNotExist
		}
	}
	t.Fatalf("the root of the repository is not found: %v", err)
	return ""
}
