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
	"strings"
	"syscall"
	"time"

	"stoa/internal/stack"
	"stoa/internal/stack/description"
	"stoa/internal/stack/secrets"
)

// startLimit is how long a system may take to become ready.
const startLimit = 2 * time.Minute

// build is a build of Stoa, and how it is run.
type build struct {
	name string
	root string // a checkout of the repository in which `make build` has run
	// program, if set, takes the place of every app.
	program string
	// bare says that the program needs no sidecars.
	bare    bool
	flags   []string          // of `stoa up`
	env     string            // further environment of the apps, as YAML: "NAME: value"
	secrets map[string]string // of servers
}

// system is a running build. It is started by its own `bin/stoa up`, in a folder of its own and on ports of its own, so that
// builds of two commits can run side by side.
type system struct {
	build
	dir         string
	commands    []*exec.Cmd // `stoa up`; of a bare system all processes
	output      bytes.Buffer
	ended       chan error // of `stoa up`
	ready       []string   // the addresses at which the apps of a bare system say that they are ready
	record      stack.Record
	credentials secrets.Bootstrap
}

// port matches a fixed port in dapr.yaml.
var port = regexp.MustCompile(`(?i)(port: )\d+`)

// command matches the program of an app in dapr.yaml.
var command = regexp.MustCompile(`command: \["bin/[a-z-]+"\]`)

// unlimited is an environment without limits on what one customer may do in a while. Builds that are older than a setting ignore
// it. An app gets only the environment that dapr.yaml gives it.
const unlimited = "RATE_LIMITS: false, OPEN_PIECES: 0, MAILS_PER_HOUR: 0, LOG_LEVEL: warn"

// lay makes a folder in which `bin/stoa up` finds dapr.yaml with free ports, and the rest of the checkout.
func lay(b build, dir string, pool *stack.PortPool) (*system, error) {
	s := &system{build: b, dir: dir}
	text, err := os.ReadFile(filepath.Join(b.root, description.File))
	if err != nil {
		return nil, err
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
	if b.program != "" {
		text = command.ReplaceAll(text, []byte(`command: ["`+b.program+`"]`))
	}
	env := strings.Trim(unlimited+", "+b.env, ", ")
	text = bytes.Replace(text, []byte("\ncommon:\n"), []byte("\ncommon:\n  env: {"+env+"}\n"), 1)
	broker := free()
	if failed != nil {
		return nil, failed
	}
	if err := os.MkdirAll(filepath.Join(dir, ".stoa"), 0o700); err != nil {
		return nil, err
	}
	_, err = secrets.Ensure(dir, broker, b.secrets)
	return s, errors.Join(err,
		os.WriteFile(filepath.Join(dir, description.File), text, 0o600),
		s.link("bin"), s.link("components"), s.link("tools"), s.link("deploy"))
}

func (s *system) link(name string) error {
	return os.Symlink(filepath.Join(s.root, name), filepath.Join(s.dir, name))
}

// begin starts the system and does not wait for it.
func (s *system) begin() error {
	if s.bare {
		return s.beginBare()
	}
	up := exec.Command(filepath.Join(s.dir, "bin", "stoa"), append([]string{"up"}, s.flags...)...)
	s.output.Reset()
	up.Dir, up.Stdout, up.Stderr = s.dir, &s.output, &s.output
	up.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C reaches this program alone, which stops the system
	if err := up.Start(); err != nil {
		return err
	}
	s.commands, s.ended = []*exec.Cmd{up}, make(chan error, 1)
	go func() { s.ended <- up.Wait() }()
	return nil
}

// start starts the system and waits until it is ready.
func (s *system) start(ctx context.Context) error {
	err := s.begin()
	switch {
	case err != nil:
	case s.bare:
		err = awaitAnswers(ctx, s.ready)
	default:
		err = s.awaitReady(ctx)
	}
	if err == nil {
		return nil
	}
	return errors.Join(err, s.stop())
}

func (s *system) awaitReady(ctx context.Context) error {
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
		case err := <-s.ended:
			return fmt.Errorf("%s ended while it started: %w\n%s", s.name, err, s.output.Bytes())
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready after %s: %w\n%s", s.name, startLimit, context.Cause(ctx), s.output.Bytes())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// stop ends the system and waits until all its processes are gone.
func (s *system) stop() error {
	if s.bare {
		return s.stopBare()
	}
	for _, up := range s.commands {
		if err := up.Process.Signal(syscall.SIGINT); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return err
		}
	}
	deadline := time.Now().Add(startLimit)
	for stack.Running(s.dir) {
		if time.Now().After(deadline) {
			return errors.Join(fmt.Errorf("%s does not end", s.name), s.commands[0].Process.Kill())
		}
		time.Sleep(20 * time.Millisecond)
	}
	s.commands = nil
	return nil
}

// checkout makes a build of another commit in dir, with the sidecar that it runs on, which is built unless it is in the cache.
func checkout(ctx context.Context, commit, dir string) error {
	for _, command := range [][]string{
		{"git", "clone", "--quiet", ".", dir},
		{"git", "-C", dir, "checkout", "--quiet", "--detach", commit},
		{"make", "--no-print-directory", "-C", dir, "tools", "build"},
	} {
		if out, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%v: %w\n%s", command, err, out)
		}
	}
	return nil
}
