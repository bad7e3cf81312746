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

// InstallDaprd builds the pinned sidecar with all components into the cache, unless a suitable one exists, and returns its
// path. It downloads only Go modules, and reports its progress to out. With static, a suitable program needs no C library.
func InstallDaprd(ctx context.Context, root string, static bool, out io.Writer) (string, error) {
	fits := func(path string) bool { return !static || builtWith(path, "CGO_ENABLED", "0") }
	if path, err := FindDaprd(root); err == nil && fits(path) {
		fmt.Fprintln(out, "The sidecar is installed:", path)
		return path, nil
	}
	version, err := pinnedVersion(root)
	if err != nil {
		return "", err
	}
	target, err := cached(version, "daprd")
	if err != nil {
		return "", err
	}
	tool := tool{"the sidecar, daprd " + version + " with all components", "github.com/dapr/dapr/cmd/daprd", version, "8 minutes"}
	return target, tool.install(ctx, root, target, fits, out)
}

// InstallSentry builds the certificate authority into the same cache unless it exists, and returns its path.
func InstallSentry(ctx context.Context, root string, out io.Writer) (string, error) {
	version, err := pinnedVersion(root)
	if err != nil {
		return "", err
	}
	target, err := cachedSentry(root)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(target); err == nil {
		fmt.Fprintln(out, "The certificate authority is installed:", target)
		return target, nil
	}
	tool := tool{"the certificate authority, Dapr's sentry " + version, "./sentry", version, "2 minutes"}
	return target, tool.install(ctx, root, target, func(string) bool { return true }, out)
}

// tool is a program of Dapr whose version tools/dapr pins.
type tool struct{ what, source, version, takes string }

// install builds the tool, unless another checkout has built it in the meantime.
func (t tool) install(ctx context.Context, root, target string, fits func(path string) bool, out io.Writer) error {
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	lock, err := waitForBuild(ctx, target+".lock", out)
	if err != nil {
		return err
	}
	defer lock.Close()
	if _, err := os.Stat(target); err == nil && fits(target) {
		return nil
	}
	return t.build(ctx, root, target, out)
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
func (t tool) build(ctx context.Context, root, target string, out io.Writer) error {
	fmt.Fprintf(out, "Building %s, once for all checkouts.\n"+
		"On two cores and with nothing cached it takes about %s ...\n", t.what, t.takes)
	temporary := fmt.Sprintf("%s.%d", target, os.Getpid())
	defer os.Remove(temporary)
	build := exec.CommandContext(ctx, "go", "build", "-tags", daprdTag,
		"-ldflags", "-s -w -X github.com/dapr/dapr/pkg/buildinfo.version="+t.version,
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
