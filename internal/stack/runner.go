package stack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// NoApps is the scale of a stack that starts the broker alone, for another program to start the apps.
func (d *Description) NoApps() map[string]int {
	scale := map[string]int{}
	for _, app := range d.Apps {
		scale[app.ID] = 0
	}
	return scale
}

// RunWith runs a program that starts the apps and sidecars itself, such as the official `dapr run -f dapr.yaml`, and
// returns when it has ended; when ctx ends it is told to. The stack must have been started, with [Description.NoApps].
func (s *Stack) RunWith(ctx context.Context, command []string) error {
	env, err := s.runnerEnvironment()
	if err != nil {
		return err
	}
	runner := exec.CommandContext(ctx, command[0], command[1:]...)
	runner.Env, runner.Dir = env, s.options.Dir
	runner.Stdout, runner.Stderr = os.Stdout, os.Stderr
	// The group is that of all that the program starts: the official one neither moves its children to another nor always
	// takes them along when it ends.
	runner.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	runner.Cancel = func() error { return syscall.Kill(-runner.Process.Pid, syscall.SIGINT) }
	runner.WaitDelay = stopGrace
	if err := runner.Start(); err != nil {
		return fmt.Errorf("cannot start %s: %w", command[0], err)
	}
	err = runner.Wait()
	if left := syscall.Kill(-runner.Process.Pid, syscall.SIGKILL); left != nil && !errors.Is(left, syscall.ESRCH) {
		return left
	}
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("%s ended by itself: %v", command[0], cmp.Or(err, errors.New("exit status 0")))
}

// runnerEnvironment is what sidecars and apps need and dapr.yaml does not say: the tokens, since they are secrets; the
// address by which sidecars find each other; and, for the official program, where daprd is.
func (s *Stack) runnerEnvironment() ([]string, error) {
	tokens, err := ensureTokens(s.options.Dir)
	if err != nil {
		return nil, err
	}
	runtime := filepath.Join(s.options.Dir, StateFolder, "runtime")
	if err := linkDaprd(s.options.Daprd, runtime); err != nil {
		return nil, err
	}
	own := map[string]string{
		"DAPR_API_TOKEN": tokens.Dapr, "APP_API_TOKEN": tokens.App, "DAPR_HOST_IP": loopback, "DAPR_RUNTIME_PATH": runtime,
	}
	secrets, err := readSecrets(s.options.Dir)
	if err != nil {
		return nil, err
	}
	maps.Copy(own, s.environmentSecrets(secrets))
	// The person's own environment may hold what the program needs. OTEL_SERVICE_NAME would give every sidecar one name.
	env := slices.DeleteFunc(os.Environ(), func(entry string) bool { return strings.HasPrefix(entry, "OTEL_SERVICE_NAME=") })
	for _, name := range slices.Sorted(maps.Keys(own)) {
		env = append(env, name+"="+own[name])
	}
	return env, nil
}

// linkDaprd puts daprd where the official program looks for it.
func linkDaprd(daprd, runtime string) error {
	path := filepath.Join(runtime, ".dapr", "bin", "daprd")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.Symlink(daprd, path)
}
