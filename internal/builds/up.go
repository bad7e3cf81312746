package builds

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"stoa/internal/stack"
)

// limit is how long a system may take to become ready, or to end, and pace is how often it is looked at.
const (
	limit = 2 * time.Minute
	pace  = 20 * time.Millisecond
)

// Up is a `stoa up` of the build in a folder.
type Up struct {
	// Name is how errors call the system.
	Name string

	dir     string
	command *exec.Cmd
	output  bytes.Buffer
	ended   chan error
}

// Begin starts the system in a folder that Lay has made, with these flags and variables of the environment, and does not wait for it.
func Begin(name, dir string, flags []string, env ...string) (*Up, error) {
	u := &Up{Name: name, dir: dir, ended: make(chan error, 1)}
	u.command = exec.Command(filepath.Join(dir, "bin", "stoa"), append([]string{"up"}, flags...)...)
	u.command.Dir, u.command.Env = dir, append(os.Environ(), env...)
	u.command.Stdout, u.command.Stderr = &u.output, &u.output
	u.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C reaches this program alone, which stops the system
	if err := u.command.Start(); err != nil {
		return nil, err
	}
	go func() { u.ended <- u.command.Wait() }()
	return u, nil
}

// Output is what the system has written so far; it is complete once the system has ended.
func (u *Up) Output() string { return u.output.String() }

// AwaitReady waits until the system is ready, and returns its record.
func (u *Up) AwaitReady(ctx context.Context) (stack.Record, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		record, err := stack.ReadRecord(u.dir)
		if err == nil && record.Phase == stack.PhaseReady && record.Supervisor.PID == u.command.Process.Pid {
			return record, nil
		}
		select {
		case err := <-u.ended:
			u.ended <- err // for Stop
			return record, fmt.Errorf("%s ended while it started: %w\n%s", u.Name, err, u.Output())
		case <-ctx.Done():
			return record, fmt.Errorf("%s is not ready after %s: %w", u.Name, limit, context.Cause(ctx))
		case <-time.After(pace):
		}
	}
}

// Stop ends the system and waits until all its processes are gone.
func (u *Up) Stop() error {
	if err := u.command.Process.Signal(syscall.SIGINT); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case err := <-u.ended:
		u.ended <- err // for another Stop
		return nil
	case <-time.After(limit):
		return errors.Join(fmt.Errorf("%s does not end", u.Name), u.command.Process.Kill())
	}
}
