// Package golden compares the output of a test with a file in the repository, or writes the file. Tests generate files such
// as the OpenAPI descriptions so, and check that they are up to date.
package golden

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Check compares got with the file at path, which is relative to the repository's root. With STOA_UPDATE=1 it writes the file
// instead (`make generate`).
func Check(t *testing.T, path string, got []byte) {
	t.Helper()
	path = filepath.Join(root(), path)
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

// root is the repository's root: this file's place is known.
func root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}
