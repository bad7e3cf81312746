package upgrade

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"stoa/internal/builds"
	"stoa/internal/stack"
	"stoa/internal/stack/secrets"
	"stoa/internal/stack/tools"
	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/system"
)

// build is a build of Stoa, with the sidecar that it runs on.
type build struct{ name, root, daprd string }

func buildIn(t *testing.T, name, root string) build {
	t.Helper()
	return build{name: name, root: root, daprd: must.Get(tools.FindDaprd(root))(t)}
}

// sidecar names the sidecar by its folder, which is the version, and its file.
func (b build) sidecar() string {
	return filepath.Join(filepath.Base(filepath.Dir(b.daprd)), filepath.Base(b.daprd))
}

// home is a folder with the state of a shop. Builds run there one after the other, or side by side: its programs are links, and the
// supervisor starts what they lead to.
type home struct {
	dir  string
	pool stack.PortPool
	up   *builds.Up
}

func newHome(t *testing.T) *home {
	t.Helper()
	h := &home{dir: system.Folder(t)}
	t.Cleanup(func() {
		if h.up != nil {
			_ = h.up.Stop() // the test has failed
		}
		h.pool.Release()
	})
	return h
}

// noLimits is an environment without limits on what one customer may do in a while.
const noLimits = "RATE_LIMITS: false, OPEN_PIECES: 0, MAILS_PER_HOUR: 0"

// start runs a build by its own `stoa up` until stop, and returns when it is ready.
func (h *home) start(t *testing.T, b build, flags ...string) *client.Shop {
	t.Helper()
	must.Do(t, builds.Lay(builds.Layout{Root: b.root, Env: noLimits}, h.dir, &h.pool))
	h.replace(t, b)
	h.up = must.Get(builds.Begin(b.name, h.dir, flags, tools.DaprdVariable+"="+h.program("daprd")))(t)
	record := must.Get(h.up.AwaitReady(t.Context()))(t)
	return client.Connect(record.Gateway, must.Get(secrets.Credentials(h.dir))(t))
}

func (h *home) stop(t *testing.T) {
	t.Helper()
	up := h.up
	h.up = nil
	must.Do(t, up.Stop())
}

func (h *home) program(name string) string { return filepath.Join(h.dir, "bin", name) }

// replace puts the programs of a build in the place of others. Processes that run go on.
func (h *home) replace(t *testing.T, b build) {
	t.Helper()
	for _, name := range must.Get(builds.Programs(b.root))(t) {
		must.Do(t, builds.Link(filepath.Join(b.root, "bin", name), h.program(name)))
	}
	must.Do(t, builds.Link(b.daprd, h.program("daprd")))
}

// processes are the apps and sidecars that a condition chooses.
func (h *home) processes(t *testing.T, chosen func(stack.Process) bool) (found []stack.Process) {
	t.Helper()
	for _, p := range must.Get(stack.ReadRecord(h.dir))(t).Processes {
		if p.App != "" && chosen(p) {
			found = append(found, p)
		}
	}
	return found
}

// freeze stops apps in the middle of what they do.
func (h *home) freeze(t *testing.T, apps ...string) {
	t.Helper()
	for _, p := range h.processes(t, func(p stack.Process) bool { return p.Kind == stack.KindApp && slices.Contains(apps, p.App) }) {
		must.Do(t, syscall.Kill(p.PID, syscall.SIGSTOP))
	}
}

// renew ends processes and returns when others are ready in their place.
func (h *home) renew(t *testing.T, ended []stack.Process) {
	t.Helper()
	if len(ended) == 0 {
		t.Fatal("there is nothing to renew")
	}
	for _, p := range ended {
		must.Do(t, syscall.Kill(p.PID, syscall.SIGTERM))
	}
	system.Eventually(t, "new processes are ready", func() error {
		for _, was := range ended {
			now := system.Find(t, must.Get(stack.ReadRecord(h.dir))(t).Processes, was.Name)
			if now.PID == was.PID || now.State != stack.StateReady {
				return fmt.Errorf("%s is %s", now.Name, now.State)
			}
		}
		return nil
	})
}

// mails lists the mails about an order, by kind.
func (h *home) mails(t *testing.T, orderID string) (kinds []string) {
	t.Helper()
	for _, file := range must.Get(filepath.Glob(filepath.Join(h.dir, ".stoa", "mail", "*-"+orderID+".eml")))(t) {
		kinds = append(kinds, strings.TrimSuffix(filepath.Base(file), "-"+orderID+".eml"))
	}
	return kinds
}
