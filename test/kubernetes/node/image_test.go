package node

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stoa/pkg/common/must"
)

// The images of the repository, as a builder would make them.
func TestDockerfile_readsOurs(t *testing.T) {
	folder := t.TempDir()
	must.Do(t, os.MkdirAll(filepath.Join(folder, "state", ".stoa"), 0o700))
	for _, name := range []string{"daprd", "stoa"} {
		must.Do(t, os.WriteFile(filepath.Join(folder, name), []byte("program "+name), 0o755))
	}
	image := must.Get(Dockerfile("localhost/stoa/sidecar:1", filepath.Join("..", "..", "..", "deploy", "sidecar.Dockerfile"), folder))(t)
	if image.User != "65532:65532" || image.WorkingDir != "/state" || len(image.Entrypoint) == 0 || image.Entrypoint[0] != "/stoa" {
		t.Errorf("got %+v", image)
	}
	var layer bytes.Buffer
	must.Do(t, image.layer(&layer))
	files := map[string]*tar.Header{}
	for archive := tar.NewReader(&layer); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		must.Do(t, err)
		files[header.Name] = header
	}
	for name, want := range map[string]struct {
		uid  int
		mode int64
	}{"daprd": {0, 0o755}, "stoa": {0, 0o755}, "state/.stoa/": {65532, 0o700}} {
		if got := files[name]; got == nil || got.Uid != want.uid || got.Mode != want.mode {
			t.Errorf("%s is %+v", name, got)
		}
	}
}

// A digest has to be that of the bytes in the archive.
func TestArchive_isTheSameEachTime(t *testing.T) {
	program := filepath.Join(t.TempDir(), "pod")
	must.Do(t, os.WriteFile(program, []byte("program"), 0o755))
	image := Image{Name: "localhost/pod:1", Entrypoint: []string{"/pod"}, Files: []File{{Path: "pod", From: program}}}
	var first, second bytes.Buffer
	must.Do(t, errors.Join(image.archive(&first), image.archive(&second)))
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("two archives differ")
	}
	for archive := tar.NewReader(&first); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		must.Do(t, err)
		data := must.Get(io.ReadAll(archive))(t)
		if sum, found := strings.CutPrefix(header.Name, "blobs/sha256/"); found && digest(data) != "sha256:"+sum {
			t.Errorf("%s has another digest", header.Name)
		}
	}
}
