package tools

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"stoa/internal/stack/state"
)

// reportEvery is how often a long build reports that it is still running.
const reportEvery = 15 * time.Second

// tool is a program of Dapr, in the version that tools/dapr pins.
type tool struct{ name, what, source, tags, takes string }

// The programs. An official sidecar is built for tests, which run on it as well.
var (
	daprd    = tool{"daprd", "the sidecar, daprd", "./daprd", "", "4 minutes"}
	official = tool{"daprd-official", "the official sidecar, daprd with all components", "github.com/dapr/dapr/cmd/daprd", allComponents, "8 minutes"}
	sentry   = tool{"sentry", "the certificate authority, sentry", "./sentry", "", "2 minutes"}
)

// InstallDaprd builds the sidecar into the cache, unless a suitable one exists, and returns its path. It downloads only Go
// modules, and reports its progress to out. With static, a suitable program needs no C library.
func InstallDaprd(ctx context.Context, root string, static bool, out io.Writer) (string, error) {
	fits := func(path string) bool { return !static || builtWith(path, "CGO_ENABLED", "0") }
	if path, err := FindDaprd(root); err == nil && fits(path) {
		fmt.Fprintln(out, "The sidecar is installed:", path)
		return path, nil
	}
	return daprd.install(ctx, root, out)
}

// InstallOfficialDaprd does the same for the official program, which is static in any case.
func InstallOfficialDaprd(ctx context.Context, root string, _ bool, out io.Writer) (string, error) {
	return official.install(ctx, root, out)
}

// InstallSentry does the same for the certificate authority.
func InstallSentry(ctx context.Context, root string, out io.Writer) (string, error) {
	return sentry.install(ctx, root, out)
}

// install builds the tool, unless it is in the cache, and returns its path.
func (t tool) install(ctx context.Context, root string, out io.Writer) (path string, err error) {
	path, version, err := t.cached(root)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	lock, err := waitForBuild(ctx, path+".lock", out)
	if err != nil {
		return "", err
	}
	defer lock.Close()
	if _, err := os.Stat(path); err == nil { // also if another checkout has built it in the meantime
		fmt.Fprintf(out, "Installed is %s: %s\n", t.what, path)
		return path, nil
	}
	return path, t.build(ctx, root, path, version, out)
}

// waitForBuild takes the lock of a program in the cache. It waits while another checkout builds the program.
func waitForBuild(ctx context.Context, path string, out io.Writer) (*os.File, error) {
	var lock *os.File
	err := withReports(out, "waiting for another checkout, which is building it", func() (err error) {
		for {
			if lock, err = state.Lock(path); !errors.Is(err, state.ErrLocked) {
				return err
			}
			select {
			case <-time.After(200 * time.Millisecond):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	})
	return lock, err
}

// build builds beside target and renames, so that target is always a whole program.
func (t tool) build(ctx context.Context, root, target, version string, out io.Writer) error {
	fmt.Fprintf(out, "Building %s %s, once for all checkouts.\n"+
		"On two cores and with nothing cached it takes about %s ...\n", t.what, version, t.takes)
	temporary := fmt.Sprintf("%s.%d", target, os.Getpid())
	defer os.Remove(temporary)
	build := exec.CommandContext(ctx, "go", "build", "-tags", t.tags,
		"-ldflags", "-s -w -X github.com/dapr/dapr/pkg/buildinfo.version="+version,
		"-o", temporary, t.source)
	build.Dir = filepath.Join(root, "tools", "dapr")
	build.Env = append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0") // static: it runs in an image without a C library
	var log bytes.Buffer
	build.Stdout, build.Stderr = &log, &log
	build.Cancel = func() error { return build.Process.Signal(os.Interrupt) }
	began := time.Now()
	if err := withReports(out, "still building "+t.what, build.Run); err != nil {
		return fmt.Errorf("building %s failed (%w); its last line: %s", t.what, err, lastLine(log.Bytes()))
	}
	if err := os.Rename(temporary, target); err != nil {
		return err
	}
	fmt.Fprintf(out, "Built %s in %s.\n", target, time.Since(began).Round(time.Second))
	return nil
}

// withReports runs do, and reports again and again what is running and for how long.
func withReports(out io.Writer, what string, do func() error) error {
	began := time.Now()
	ticks := time.NewTicker(reportEvery)
	defer ticks.Stop()
	done := make(chan error, 1)
	go func() { done <- do() }()
	for {
		select {
		case err := <-done:
			return err
		case <-ticks.C:
			fmt.Fprintf(out, "  %s: %s\n", what, time.Since(began).Round(time.Second))
		}
	}
}

func lastLine(text []byte) []byte {
	text = bytes.TrimSpace(text)
	return text[bytes.LastIndexByte(text, '\n')+1:]
}
