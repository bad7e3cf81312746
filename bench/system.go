package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"time"

	"stoa/internal/stack"
	"stoa/internal/stack/description"
	"stoa/internal/stack/secrets"
)

// startLimit is how long a system may take to become ready.
const startLimit = 2 * time.Minute

// system is a running build of Stoa. It is started by its own `bin/stoa up`, in a folder of its own and on ports of its own,
// so that builds of two commits can run side by side.
type system struct {
	name        string
	dir         string
	command     *exec.Cmd
	output      bytes.Buffer
	started     time.Time
	record      stack.Record
	credentials secrets.Bootstrap
}

// port matches a fixed port in dapr.yaml.
var port = regexp.MustCompile(`(?i)(port: )\d+`)

// command matches the program of an app in dapr.yaml.
var command = regexp.MustCompile(`command: \["bin/[a-z-]+"\]`)

// startSystem starts the build in root, a checkout of the repository in which `make build` has run. Its state is in dir. With a
// twin, that program takes the place of every app.
func startSystem(ctx context.Context, name, root, dir, twin string, pool *stack.PortPool) (*system, error) {
	s := &system{name: name, dir: dir}
	if err := s.lay(root, twin, pool); err != nil {
		return nil, err
	}
	s.command = exec.Command(filepath.Join(dir, "bin", "stoa"), "up")
	s.command.Dir, s.command.Stdout, s.command.Stderr = dir, &s.output, &s.output
	s.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C reaches this program alone, which stops the system
	s.started = time.Now()
	if err := s.command.Start(); err != nil {
		return nil, err
	}
	if err := s.awaitReady(ctx); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

// lay makes a folder in which `bin/stoa up` finds dapr.yaml with free ports, and the rest of the checkout.
func (s *system) lay(root, twin string, pool *stack.PortPool) error {
	text, err := os.ReadFile(filepath.Join(root, description.File))
	if err != nil {
		return err
	}
	var failed error
	free := func() int {
		n, err := pool.Take()
		failed = errors.Join(failed, err)
		return n
	}
	text = port.ReplaceAllFunc(text, func(match []byte) []byte {
		return fmt.Append(port.ReplaceAll(match, []byte("$1")), free())
	})
	if twin != "" {
		text = command.ReplaceAll(text, []byte(`command: ["`+twin+`"]`))
	}
	// No limit on what one customer may order in a second. An app gets only the environment that dapr.yaml gives it.
	text = bytes.Replace(text, []byte("\ncommon:\n"), []byte("\ncommon:\n  env: {RATE_LIMITS: false, OPEN_PIECES: 0, MAILS_PER_HOUR: 0, LOG_LEVEL: warn}\n"), 1)
	broker := free()
	if failed != nil {
		return failed
	}
	if err := os.MkdirAll(filepath.Join(s.dir, ".stoa"), 0o700); err != nil {
		return err
	}
	_, err = secrets.Ensure(s.dir, broker, nil)
	return errors.Join(err,
		os.WriteFile(filepath.Join(s.dir, description.File), text, 0o600),
		s.link(root, "bin"), s.link(root, "components"), s.link(root, "tools"), s.link(root, "deploy"))
}

func (s *system) link(root, name string) error {
	return os.Symlink(filepath.Join(root, name), filepath.Join(s.dir, name))
}

func (s *system) awaitReady(ctx context.Context) error {
	ended := make(chan error, 1)
	go func() { ended <- s.command.Wait() }()
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for {
		record, err := stack.ReadRecord(s.dir)
		if err == nil && record.Phase == stack.PhaseReady {
			s.record = record
			s.credentials, err = secrets.Credentials(s.dir)
			return err
		}
		select {
		case err := <-ended:
			return fmt.Errorf("%s ended while it started: %w\n%s", s.name, err, s.output.Bytes())
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready after %s: %w\n%s", s.name, startLimit, context.Cause(ctx), s.output.Bytes())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// stop ends the system and waits until all its processes are gone.
func (s *system) stop() error {
	if err := s.command.Process.Signal(syscall.SIGINT); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	deadline := time.Now().Add(startLimit)
	for stack.Running(s.dir) {
		if time.Now().After(deadline) {
			return errors.Join(fmt.Errorf("%s does not end", s.name), s.command.Process.Kill())
		}
		time.Sleep(20 * time.Millisecond)
	}
	return nil
}

// checkout makes a build of another commit in dir.
func checkout(ctx context.Context, commit, dir string) error {
	for _, command := range [][]string{
		{"git", "clone", "--quiet", ".", dir},
		{"git", "-C", dir, "checkout", "--quiet", "--detach", commit},
		{"make", "--no-print-directory", "-C", dir, "build"},
	} {
		if out, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%v: %w\n%s", command, err, out)
		}
	}
	return nil
}
