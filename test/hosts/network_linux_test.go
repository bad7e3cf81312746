package hosts

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// network is a few hosts on one wire: a network namespace for each, with a cable to a switch, which is another.
type network struct {
	prefix string // of the namespaces' names
}

// host is one of them.
type host struct {
	name      string // how the test calls it
	namespace string
	address   string
}

// newNetwork makes the hosts, and removes them with the test.
func newNetwork(t *testing.T, names ...string) (network, map[string]host) {
	t.Helper()
	n := network{prefix: fmt.Sprintf("stoa%d-", os.Getpid())}
	n.namespace(t, "switch")
	ip(t, "-n", n.prefix+"switch", "link", "add", "name", "bridge", "type", "bridge")
	ip(t, "-n", n.prefix+"switch", "link", "set", "bridge", "up")
	hosts := map[string]host{}
	for i, name := range names {
		h := host{name: name, namespace: n.prefix + name, address: fmt.Sprintf("10.88.0.%d", i+1)}
		n.namespace(t, name)
		ip(t, "-n", n.prefix+"switch", "link", "add", "name", name, "type", "veth", "peer", "name", "wire", "netns", h.namespace)
		ip(t, "-n", n.prefix+"switch", "link", "set", "dev", name, "master", "bridge", "up")
		ip(t, "-n", h.namespace, "address", "add", h.address+"/24", "dev", "wire")
		ip(t, "-n", h.namespace, "link", "set", "wire", "up")
		ip(t, "-n", h.namespace, "route", "add", "224.0.0.0/4", "dev", "wire")
		hosts[name] = h
	}
	return n, hosts
}

func (n network) namespace(t *testing.T, name string) {
	t.Helper()
	ip(t, "netns", "add", n.prefix+name)
	t.Cleanup(func() { ip(t, "netns", "delete", n.prefix+name) })
	ip(t, "-n", n.prefix+name, "link", "set", "lo", "up")
}

// unplug cuts a host off: what is sent to it gets lost, and nobody says so.
func (n network) unplug(t *testing.T, h host) {
	t.Helper()
	ip(t, "-n", n.prefix+"switch", "link", "set", "dev", h.name, "down")
}

// ip runs the command of that name.
func ip(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

// missing says what this machine lacks for such a network, "" if nothing.
func missing() string {
	if os.Getuid() != 0 {
		return "only root may make network namespaces"
	}
	if _, err := exec.LookPath("ip"); err != nil {
		return "the command ip is missing (Debian: iproute2)"
	}
	probe := fmt.Sprintf("stoa%d-probe", os.Getpid())
	out, err := exec.Command("ip", "netns", "add", probe).CombinedOutput()
	if err != nil {
		return "network namespaces cannot be made here: " + strings.TrimSpace(string(out))
	}
	_ = exec.Command("ip", "netns", "delete", probe).Run()
	return ""
}

// command is a command that runs on the host.
func (h host) command(name string, args ...string) *exec.Cmd {
	return exec.Command("ip", append([]string{"netns", "exec", h.namespace, name}, args...)...)
}

// dial opens a connection as a program on the host does. A socket belongs to the namespace of the thread that made it.
func (h host) dial(ctx context.Context, network, address string) (conn net.Conn, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // never unlocked: the thread, which is now in another namespace, ends with this goroutine
		if err = h.enter(); err == nil {
			conn, err = new(net.Dialer).DialContext(ctx, network, address)
		}
	}()
	<-done
	return conn, err
}

// enter moves the current thread to the host.
func (h host) enter() error {
	namespace, err := os.Open(filepath.Join("/run/netns", h.namespace))
	if err != nil {
		return err
	}
	defer namespace.Close()
	return unix.Setns(int(namespace.Fd()), unix.CLONE_NEWNET)
}
