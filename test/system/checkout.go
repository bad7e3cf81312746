package system

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"stoa/internal/stack"
	"stoa/internal/stack/description"
	"stoa/internal/stack/secrets"
	"stoa/pkg/common/must"
)

// port matches a fixed port in dapr.yaml.
var port = regexp.MustCompile(`(?i)(port: )\d+`)

// Checkout is a folder with dapr.yaml, on free ports, and with links to what is named of the repository.
func Checkout(t testing.TB, names ...string) (root string) {
	t.Helper()
	root = t.TempDir()
	for _, name := range names {
		Link(t, filepath.Join(Root(t), name), filepath.Join(root, name))
	}
	pool := &stack.PortPool{}
	t.Cleanup(pool.Release)
	text := must.Get(os.ReadFile(filepath.Join(Root(t), description.File)))(t)
	moved := port.ReplaceAllStringFunc(string(text), func(match string) string {
		return fmt.Sprint(port.ReplaceAllString(match, "$1"), must.Get(pool.Take())(t))
	})
	must.Do(t, os.WriteFile(filepath.Join(root, description.File), []byte(moved), 0o600))
	return root
}

// Link makes a link, and the folder that it is in.
func Link(t testing.TB, target, path string) {
	t.Helper()
	must.Do(t, errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.Symlink(target, path)))
}

// FirstStart makes the secrets of a checkout, and with them a port for the broker that no other system has.
func FirstStart(t testing.TB, root string) *description.System {
	t.Helper()
	described := must.Get(description.Load(root))(t)
	s := must.Get(stack.New(described, stack.Options{Scale: described.NoApps(), FreePorts: true}))(t)
	must.Do(t, errors.Join(s.Start(t.Context()), s.Stop(t.Context())))
	pool := &stack.PortPool{} // the stack has given its own ports back
	t.Cleanup(pool.Release)
	must.Get(secrets.Ensure(root, must.Get(pool.Take())(t), nil))(t)
	return described
}
