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

	"stoa/internal/stack/description"
	"stoa/internal/stack/secrets"
	"stoa/internal/stack/state"
)

// RunWith runs a program that starts the apps and sidecars itself, such as the official `dapr run -f dapr.yaml`, until it
// ends or ctx does. The stack must run already, with the scale [description.System.NoApps].
func (s *Stack) RunWith(ctx context.Context, command []string) error {
	env, err := s.runnerEnvironment()
	if err != nil {
		return err
	}
	runner := exec.CommandContext(ctx, command[0], command[1:]...)
	runner.Env, runner.Dir = env, s.options.Dir
	runner.Stdout, runner.Stderr = os.Stdout, os.Stderr
	// The program gets its own process group, so that all its children can be killed: `dapr run` does not always end them.
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

// runnerEnvironment is the operator's environment and what dapr.yaml does not contain: the tokens and secrets, the address
// by which sidecars find each other, and the folder of daprd, for the official program.
func (s *Stack) runnerEnvironment() ([]string, error) {
	tokens, err := secrets.EnsureTokens(s.options.Dir)
	if err != nil {
		return nil, err
	}
	runtime := state.Path(s.options.Dir, "runtime")
	if err := linkDaprd(s.options.Daprd, runtime); err != nil {
		return nil, err
	}
	values, err := secrets.Read(s.options.Dir)
	if err != nil {
		return nil, err
	}
	own := map[string]string{
		"DAPR_API_TOKEN": tokens.Dapr, "APP_API_TOKEN": tokens.App,
		"DAPR_HOST_IP": description.Loopback, "DAPR_RUNTIME_PATH": runtime,
	}
	maps.Copy(own, values.ForEnvironment(s.resources, s.broker))
	// The program may need anything of the operator's environment except OTEL_SERVICE_NAME, which would give every sidecar the
	// same name.
	env := slices.DeleteFunc(os.Environ(), func(entry string) bool { return strings.HasPrefix(entry, "OTEL_SERVICE_NAME=") })
	return append(env, variables(own)...), nil
}

// linkDaprd links daprd into the folder in which the official program looks for it.
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
