package tools

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"stoa/internal/stack/state"
)

// tool is a program of somebody else's: its package, relative to the folder below tools/ that has its module.
type tool struct {
	name, what, module, source, tags string
	// pins is the file in that folder that pins the version: go.mod, or another one.
	pins string
	from project
}

// project is who makes a program: the module that the version is of, and the variable that the linker writes it to.
type project struct{ name, path, stamp string }

var dapr = project{"dapr", "github.com/dapr/dapr", "github.com/dapr/dapr/pkg/buildinfo.version="}

// The programs. An official sidecar is built for tests, which run on it as well. It is a module of its own, so that nobody else
// downloads what its components need.
var (
	daprd = tool{"daprd", "the sidecar, daprd", "dapr", "./daprd", "", "go.mod", dapr}
	// former is the sidecar of the version before, for tests of upgrades.
	former   = tool{"daprd", "the sidecar of the version before, daprd", "dapr", "./daprd", "former", "former.mod", dapr}
	official = tool{"daprd-official", "the official sidecar, daprd with all components", "dapr-official", "github.com/dapr/dapr/cmd/daprd", allComponents, "go.mod", dapr}
	sentry   = tool{"sentry", "the certificate authority, sentry", "dapr", "./sentry", "", "go.mod", dapr}
)

// InstallDaprd builds the sidecar into the cache, unless a suitable one exists, and returns its path. It downloads only Go
// modules. With static, a suitable program needs no C library.
func InstallDaprd(ctx context.Context, root string, static bool, p *Progress) (string, error) {
	fits := func(path string) bool { return !static || builtWith(path, "CGO_ENABLED", "0") }
	if path, err := FindDaprd(root); err == nil && fits(path) {
		p.say("The sidecar is installed: %s", path)
		return path, nil
	}
	return daprd.install(ctx, root, p)
}

// InstallFormerDaprd builds the sidecar of the version before into the cache, unless it is there, and returns its path.
func InstallFormerDaprd(ctx context.Context, root string, _ bool, p *Progress) (string, error) {
	return former.install(ctx, root, p)
}

// InstallOfficialDaprd does the same for the official program, which is static in any case.
func InstallOfficialDaprd(ctx context.Context, root string, _ bool, p *Progress) (string, error) {
	return official.install(ctx, root, p)
}

// InstallSentry does the same for the certificate authority.
func InstallSentry(ctx context.Context, root string, p *Progress) (string, error) {
	return sentry.install(ctx, root, p)
}

// install builds the tool, unless it is in the cache, and returns its path.
func (t tool) install(ctx context.Context, root string, p *Progress) (path string, err error) {
	path, version, err := t.cached(root)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	lock, err := waitForBuild(ctx, path+".lock", p)
	if err != nil {
		return "", err
	}
	defer lock.Close()
	if _, err := os.Stat(path); err == nil { // also if another checkout has built it in the meantime
		p.say("Installed is %s: %s", t.what, path)
		return path, nil
	}
	return path, t.build(ctx, root, path, version, p)
}

// waitForBuild takes the lock of a program in the cache. It waits while another checkout builds the program.
func waitForBuild(ctx context.Context, path string, p *Progress) (*os.File, error) {
	for waiting := false; ; waiting = true {
		lock, err := state.Lock(path)
		if !errors.Is(err, state.ErrLocked) {
			return lock, err
		}
		if !waiting {
			p.say("Waiting for another checkout, which is building it ...")
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// build builds beside target and renames, so that target is always a whole program. Where its settings are those of the Makefile,
// Go compiles once what the sidecar and Stoa's programs share.
func (t tool) build(ctx context.Context, root, target, version string, p *Progress) error {
	p.say("Building %s %s, once for all checkouts.", t.what, version)
	temporary := fmt.Sprintf("%s.%d", target, os.Getpid())
	defer os.Remove(temporary)
	module := filepath.Join(root, "tools", t.module)
	flags := []string{"-tags", t.tags}
	if t.pins == former.pins {
		flags = append(flags, "-modfile", t.pins)
	}
	if _, err := p.list(ctx, module, append(slices.Clone(flags), t.source)...); err != nil {
		return err
	}
	began := time.Now()
	arguments := append([]string{"build", "-v", "-trimpath"}, flags...)
	err := p.run(goCommand(ctx, module, append(arguments,
		"-ldflags", "-s -w -X "+t.from.stamp+version, "-o", temporary, t.source)...))
	if err != nil {
		return fmt.Errorf("building %s failed: %w", t.what, err)
	}
	if err := os.Rename(temporary, target); err != nil {
		return err
	}
	p.say("Built %s in %s.", target, time.Since(began).Round(time.Second))
	return nil
}

// goCommand is a go command in a module. Its programs are static: they run in an image without a C library. The compiler collects
// its garbage less often, which saves a sixth of its time: it needs a tenth more memory, and not much more than 1 GB.
func goCommand(ctx context.Context, module string, arguments ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, "go", arguments...)
	command.Dir = module
	command.Env = append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0", "GOGC=400", "GOMEMLIMIT=1GiB")
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	return command
}
