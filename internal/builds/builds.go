// Package builds runs builds of Stoa in folders of their own, each by its own `stoa up`, as its operator would. So builds of two
// commits run side by side, as benchmarks need them, or one after the other on the same state, as tests of upgrades do.
package builds

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"

	"stoa/internal/stack"
	"stoa/internal/stack/description"
	"stoa/internal/stack/secrets"
)

// built is the file that says that a checkout was built to its end.
const built = ".git/stoa-built"

// Checkout makes a build of a commit of the repository in the current folder, with the sidecar that it runs on, which is built
// unless it is in the cache. A build that dir has already is used again.
func Checkout(ctx context.Context, repository, commit, dir string) error {
	if _, err := os.Stat(filepath.Join(dir, built)); err == nil {
		return nil
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	for _, command := range [][]string{
		{"git", "clone", "--quiet", repository, dir},
		{"git", "-C", dir, "checkout", "--quiet", "--detach", commit},
		{"make", "--no-print-directory", "-C", dir, "tools", "build"},
	} {
		if out, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%v: %w\n%s", command, err, out)
		}
	}
	return os.WriteFile(filepath.Join(dir, built), nil, 0o600)
}

// Layout is how a build is run.
type Layout struct {
	// Root is a checkout in which `make build` has run.
	Root string
	// Env is further environment of the apps, as YAML: "NAME: value". An app gets only the environment that dapr.yaml gives it.
	Env string
	// Program, if set, takes the place of every app.
	Program string
	// Secrets are those of servers.
	Secrets map[string]string
}

// port matches a fixed port in dapr.yaml, and command the program of an app.
var (
	port    = regexp.MustCompile(`(?i)(port: )\d+`)
	command = regexp.MustCompile(`command: \["bin/[a-z-]+"\]`)
)

// Lay makes dir a folder in which `bin/stoa up` finds dapr.yaml with free ports, and the rest of the checkout as links. If another
// build was there before, this one takes its place; the state stays.
func Lay(l Layout, dir string, pool *stack.PortPool) error {
	text, err := os.ReadFile(filepath.Join(l.Root, description.File))
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
	if l.Program != "" {
		text = command.ReplaceAll(text, []byte(`command: ["`+l.Program+`"]`))
	}
	if l.Env != "" {
		text = bytes.Replace(text, []byte("\ncommon:\n"), []byte("\ncommon:\n  env: {"+l.Env+"}\n"), 1)
	}
	broker := free()
	if failed != nil {
		return failed
	}
	if err := os.MkdirAll(filepath.Join(dir, ".stoa"), 0o700); err != nil {
		return err
	}
	_, err = secrets.Ensure(dir, broker, l.Secrets)
	err = errors.Join(err, os.WriteFile(filepath.Join(dir, description.File), text, 0o600), linkPrograms(l.Root, dir))
	for _, name := range []string{"components", "tools", "deploy"} {
		err = errors.Join(err, Link(filepath.Join(l.Root, name), filepath.Join(dir, name)))
	}
	return err
}

// linkPrograms links each program, so that a single one can be replaced.
func linkPrograms(root, dir string) error {
	programs, err := Programs(root)
	if err != nil {
		return err
	}
	err = os.MkdirAll(filepath.Join(dir, "bin"), 0o755)
	for _, name := range programs {
		err = errors.Join(err, Link(filepath.Join(root, "bin", name), filepath.Join(dir, "bin", name)))
	}
	return err
}

// Programs are the names of the programs of a build.
func Programs(root string) (names []string, err error) {
	entries, err := os.ReadDir(filepath.Join(root, "bin"))
	for _, entry := range entries {
		if entry.Type().IsRegular() {
			names = append(names, entry.Name())
		}
	}
	return names, err
}

// Link makes a link to a file or folder. It takes the place of another link.
func Link(target, path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Symlink(target, path)
}
