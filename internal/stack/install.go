package stack

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
)

// heartbeat is how often a long build says that it is still alive.
const heartbeat = 15 * time.Second

// InstallDaprd builds the pinned sidecar with all components into a cache that all checkouts share, unless there is one
// that serves, and returns its path. It downloads nothing but Go modules, and tells out what it does. With static, only a
// program that needs no C library serves.
func InstallDaprd(ctx context.Context, root string, static bool, out io.Writer) (string, error) {
	serves := func(path string) bool { return !static || builtWith(path, "CGO_ENABLED", "0") }
	if path, err := FindDaprd(root); err == nil && serves(path) {
		fmt.Fprintln(out, "The sidecar is there:", path)
		return path, nil
	}
	version, err := DaprdVersion(root)
	if err != nil {
		return "", err
	}
	target, err := cached(version, "daprd")
	if err != nil {
		return "", err
	}
	tool := tool{"the sidecar, daprd " + version + " with all components", "github.com/dapr/dapr/cmd/daprd", version, "10 minutes"}
	return target, tool.install(ctx, root, target, serves, out)
}

// InstallSentry builds the certificate authority into the same cache unless it is there, and returns its path.
func InstallSentry(ctx context.Context, root string, out io.Writer) (string, error) {
	version, err := DaprdVersion(root)
	if err != nil {
		return "", err
	}
	target, err := cachedSentry(root)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(target); err == nil {
		fmt.Fprintln(out, "The certificate authority is there:", target)
		return target, nil
	}
	tool := tool{"the certificate authority, Dapr's sentry " + version, "./sentry", version, "2 minutes"}
	return target, tool.install(ctx, root, target, func(string) bool { return true }, out)
}

// tool is a program whose source tools/dapr pins.
type tool struct{ what, source, version, takes string }

// install builds the tool unless another checkout does so meanwhile.
func (b tool) install(ctx context.Context, root, target string, serves func(path string) bool, out io.Writer) error {
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	lock, err := waitForBuild(ctx, target+".lock", out)
	if err != nil {
		return err
	}
	defer lock.Close()
	if _, err := os.Stat(target); err == nil && serves(target) {
		return nil
	}
	return b.build(ctx, root, target, out)
}

// waitForBuild takes the lock of the cache; two checkouts build one after the other, so that the second need not.
func waitForBuild(ctx context.Context, path string, out io.Writer) (*os.File, error) {
	var lock *os.File
	err := withHeartbeat(out, "waiting for another checkout that builds it", func() (err error) {
		for {
			if lock, err = lockFile(path); !errors.Is(err, errLocked) {
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

// build builds beside target and renames, so that nobody ever sees half a program.
func (b tool) build(ctx context.Context, root, target string, out io.Writer) error {
	fmt.Fprintf(out, "Building %s, once for all checkouts.\n"+
		"It takes about %s on two cores when nothing is cached ...\n", b.what, b.takes)
	temporary := fmt.Sprintf("%s.%d", target, os.Getpid())
	defer os.Remove(temporary)
	build := exec.CommandContext(ctx, "go", "build", "-tags", daprdTag,
		"-ldflags", "-s -w -X github.com/dapr/dapr/pkg/buildinfo.version="+b.version,
		"-o", temporary, b.source)
	build.Dir = filepath.Join(root, "tools", "dapr")
	build.Env = append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0") // static: it runs in an image that holds nothing else
	var log bytes.Buffer
	build.Stdout, build.Stderr = &log, &log
	build.Cancel = func() error { return build.Process.Signal(os.Interrupt) }
	began := time.Now()
	if err := withHeartbeat(out, "still building "+b.what, build.Run); err != nil {
		return fmt.Errorf("building %s failed (%w); the last it said: %s", b.what, err, lastLine(log.String()))
	}
	if err := os.Rename(temporary, target); err != nil {
		return err
	}
	fmt.Fprintf(out, "Built %s in %s.\n", target, time.Since(began).Round(time.Second))
	return nil
}

// withHeartbeat runs do and, while it lasts, says now and then what it is and for how long.
func withHeartbeat(out io.Writer, what string, do func() error) error {
	began := time.Now()
	ticks := time.NewTicker(heartbeat)
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

func lastLine(text string) string {
	lines := bytes.Split(bytes.TrimSpace([]byte(text)), []byte("\n"))
	return shorten(string(lines[len(lines)-1]), 400)
}
