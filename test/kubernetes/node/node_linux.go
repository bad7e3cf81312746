package node

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"stoa/internal/stack"
)

// Node is a cluster of one node.
type Node struct {
	Client
	settings
	spawner *stack.Spawner
	process *exec.Cmd
	network *os.File // its network namespace
}

// Start starts a node whose files are in a new folder in dir, and returns once pods can be scheduled on it.
func Start(ctx context.Context, root, dir string) (*Node, error) {
	s, err := find(root, dir)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(s.write(), makeCgroups(s.Cgroup)); err != nil {
		return nil, err
	}
	n := newNode(s)
	n.spawner = stack.NewSpawner()
	if err := n.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("the node does not start: %w: %s", err, n.logEnds()), n.Stop())
	}
	return n, nil
}

// Join uses a node that another process has started, and that has its files in this folder.
func Join(root, dir string) (*Node, error) {
	s, err := find(root, dir)
	if err != nil {
		return nil, err
	}
	pid, err := os.ReadFile(s.in(pidFile))
	if err != nil {
		return nil, err
	}
	n := newNode(s)
	n.network, err = os.Open(fmt.Sprintf("/proc/%s/ns/net", pid))
	return n, err
}

// pidFile names the first process of the node, for those who join it.
const pidFile = "pid"

func newNode(s settings) *Node {
	n := &Node{settings: s}
	n.Client = Client{
		kubectl: []string{s.Programs["node"], "kubectl"}, helm: []string{s.Programs["helm"]}, inside: n.inside,
		env: []string{
			"KUBECONFIG=" + s.pki("admin.kubeconfig"), "KUBECACHEDIR=" + s.in("cache"),
			"HELM_CACHE_HOME=" + s.in("helm"), "HELM_CONFIG_HOME=" + s.in("helm"), "HELM_DATA_HOME=" + s.in("helm"),
		},
	}
	return n
}

// Way says how somebody else uses a node that runs.
func (n *Node) Way() string {
	return fmt.Sprintf("Use it by -on=%s, or by\n  nsenter --net=/proc/%d/ns/net env KUBECONFIG=%s bin/kubernetes/kubectl",
		n.Dir, n.process.Process.Pid, n.pki("admin.kubeconfig"))
}

// namespaces are those that the first process of a node gets.
const namespaces = unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC

func (n *Node) start(ctx context.Context) error {
	n.process = exec.Command("/proc/self/exe")
	n.process.Env = append(os.Environ(), firstVariable+"="+n.Dir)
	n.process.SysProcAttr = &syscall.SysProcAttr{Cloneflags: namespaces}
	log, err := os.Create(n.in("log", "first.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	n.process.Stderr = log
	out, err := n.process.StdoutPipe()
	if err != nil {
		return err
	}
	if err := n.spawner.Start(n.process); err != nil {
		return err
	}
	if err := os.WriteFile(n.in(pidFile), fmt.Append(nil, n.process.Process.Pid), 0o600); err != nil {
		return err
	}
	if n.network, err = os.Open(fmt.Sprintf("/proc/%d/ns/net", n.process.Process.Pid)); err != nil {
		return err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if strings.TrimSpace(line) != started {
		return errors.Join(errors.New("its first process has ended"), err)
	}
	return n.awaitReady(ctx)
}

// awaitReady imports the image that every pod begins with, and waits until the node is registered and ready.
func (n *Node) awaitReady(ctx context.Context) error {
	if err := n.Import(ctx, Image{Name: pause, Entrypoint: []string{"/pod"}, Files: []File{{Path: "pod", From: n.Programs["pod"]}}}); err != nil {
		return err
	}
	if _, err := n.Kubectl(ctx, "apply", "--filename", n.in("volumes.yaml")); err != nil {
		return err
	}
	for deadline := time.Now().Add(startLimit); ; time.Sleep(200 * time.Millisecond) {
		_, err := n.Kubectl(ctx, "wait", "--for=condition=Ready", "--timeout=10s", "node/"+Name)
		if err == nil || time.Now().After(deadline) {
			return err
		}
	}
}

// Stop ends the node, and removes all that it has left.
func (n *Node) Stop() error {
	if n.process != nil && n.process.Process != nil {
		_ = n.process.Process.Kill() // fails only if it has ended
		_ = n.process.Wait()
	}
	n.spawner.Close()
	if n.network != nil {
		n.network.Close()
	}
	return errors.Join(removeCgroups(n.Cgroup), removeAll(n.Dir))
}

// removeAll removes a folder. Mounts in a namespace that is ending keep it for a moment.
func removeAll(dir string) error {
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if err := os.RemoveAll(dir); err == nil || time.Now().After(deadline) {
			return err
		}
	}
}

// inside makes a call on a thread that is in the node's network: a socket, or a child, belongs to the network of the thread
// that makes it.
func (n *Node) inside(call func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread, which is now in another namespace, ends with this goroutine
		err := unix.Setns(int(n.network.Fd()), unix.CLONE_NEWNET)
		if err == nil {
			err = call()
		}
		done <- err
	}()
	return <-done
}

// Dial opens a connection to a pod or a service, as a program on the node does.
func (n *Node) Dial(ctx context.Context, network, address string) (conn net.Conn, err error) {
	err = n.inside(func() (err error) {
		conn, err = new(net.Dialer).DialContext(ctx, network, address)
		return err
	})
	return conn, err
}

// Forward lets pods reach a server of the test, outside the node, at a port of the node's address.
func (n *Node) Forward(port int, server string) error {
	var listener net.Listener
	err := n.inside(func() (err error) {
		listener, err = net.Listen("tcp", fmt.Sprintf("%s:%d", Address, port))
		return err
	})
	if err != nil {
		return err
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go forward(conn, server)
		}
	}()
	return nil
}

func forward(from net.Conn, server string) {
	defer from.Close()
	to, err := net.Dial("tcp", server)
	if err != nil {
		return
	}
	defer to.Close()
	go func() {
		_, _ = io.Copy(to, from)
		to.Close()
	}()
	_, _ = io.Copy(from, to)
}

// logEnds are the ends of the logs of the parts.
func (n *Node) logEnds() string {
	const enough = 1500
	var words strings.Builder
	logs, _ := filepath.Glob(n.in("log", "*.log"))
	for _, log := range logs {
		text, _ := os.ReadFile(log)
		fmt.Fprintf(&words, "\n--- %s\n%s", filepath.Base(log), text[max(0, len(text)-enough):])
	}
	return words.String()
}
