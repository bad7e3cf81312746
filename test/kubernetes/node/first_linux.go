package node

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// firstVariable makes this program the first process of a node whose folder it names.
	firstVariable = "STOA_TEST_NODE"
	settingsFile  = "settings.json"
	// started is what the first process prints once all parts run.
	started = "started"
	// startLimit bounds the start of the API server, on a machine that is busy.
	startLimit = 2 * time.Minute
)

// Main is the beginning of a test program that starts nodes: it does not return in a process that is the first one of a node.
func Main() {
	dir := os.Getenv(firstVariable)
	if dir == "" {
		return
	}
	fmt.Fprintln(os.Stderr, first(dir))
	os.Exit(1)
}

// first makes this process, and all that it starts, a node. It is the process 1 of its namespace: the kernel kills all others
// when it ends. It ends when one of the parts does.
func first(dir string) error {
	var s settings
	text, err := os.ReadFile(filepath.Join(dir, settingsFile))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	if err := s.prepare(); err != nil {
		return err
	}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGCHLD)
	running := map[int]string{}
	if err := s.start(s.base(), running); err != nil {
		return err
	}
	if err := s.awaitAPI(); err != nil {
		return err
	}
	if err := s.start(s.rest(), running); err != nil {
		return err
	}
	fmt.Println(started)
	for range ended {
		if err := reap(running); err != nil {
			return err
		}
	}
	return nil
}

// start starts parts of the node. Their standard input is empty.
func (s settings) start(parts []part, running map[int]string) error {
	for _, p := range parts {
		log, err := os.Create(s.in("log", p.name+".log"))
		if err != nil {
			return err
		}
		command := exec.Command(p.command[0], p.command[1:]...)
		command.Stdout, command.Stderr, command.Dir = log, log, s.Dir
		if err := errors.Join(command.Start(), log.Close()); err != nil {
			return err
		}
		running[command.Process.Pid] = p.name
	}
	return nil
}

// reap waits for the processes that have ended: process 1 inherits the children of all others. It fails if one was a part of the node.
func reap(running map[int]string) error {
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, unix.WNOHANG, nil)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || pid <= 0 {
			return nil // nobody else has ended
		}
		if name := running[pid]; name != "" {
			return fmt.Errorf("%s has ended: %v", name, status)
		}
	}
}

// awaitAPI waits until the API server is ready.
func (s settings) awaitAPI() error {
	authority := x509.NewCertPool()
	text, err := os.ReadFile(s.pki("ca.crt"))
	if err != nil {
		return err
	}
	authority.AppendCertsFromPEM(text)
	admin, err := tls.LoadX509KeyPair(s.pki("admin.crt"), s.pki("admin.key"))
	if err != nil {
		return err
	}
	client := http.Client{
		Timeout:   5 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authority, Certificates: []tls.Certificate{admin}}},
	}
	defer client.CloseIdleConnections()
	for deadline := time.Now().Add(startLimit); ; time.Sleep(100 * time.Millisecond) {
		response, err := client.Get("https://" + Address + ":6443/readyz")
		if err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
			err = errors.New(response.Status)
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the API server does not become ready: %w", err)
		}
	}
}

// prepare makes the namespaces of this process those of a node.
func (s settings) prepare() error {
	path := strings.Join([]string{s.in("sbin"), os.Getenv("PATH"), "/usr/sbin", "/sbin"}, ":")
	return errors.Join(os.Setenv("PATH", path), unix.Sethostname([]byte(Name)), s.mount(), s.network())
}

// mount makes folders that parts write to, and settings of the kernel that they change, the node's own.
func (s settings) mount() error {
	lasting, over := s.in("kubelet"), s.in("var")
	steps := []struct {
		source, target, kind string
		flags                uintptr
		data                 string
	}{
		{"", "/", "", unix.MS_REC | unix.MS_PRIVATE, ""},
		{"", "/", "", unix.MS_REC | unix.MS_SHARED, ""}, // pods see what the kubelet mounts for them
		{"proc", "/proc", "proc", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC, ""},
		{"tmpfs", "/run", "tmpfs", unix.MS_NOSUID | unix.MS_NODEV, "mode=755"},
		{"tmpfs", over, "tmpfs", 0, ""},
		{over, over + "/upper", "", 0, ""}, // made, not mounted
		{over, over + "/work", "", 0, ""},
		{"overlay", "/var", "overlay", 0, fmt.Sprintf("lowerdir=/var,upperdir=%[1]s/upper,workdir=%[1]s/work", over)},
		{over, "/var/lib/kubelet", "", 0, ""},
		{lasting, "/var/lib/kubelet", "", unix.MS_BIND, ""}, // volumes of pods are on the disk
	}
	for _, step := range steps {
		if step.source == over {
			if err := os.MkdirAll(step.target, 0o755); err != nil {
				return err
			}
			continue
		}
		if err := unix.Mount(step.source, step.target, step.kind, step.flags, step.data); err != nil {
			return fmt.Errorf("mounting %s: %w", step.target, err)
		}
	}
	return s.mountKernelSettings()
}

// mountKernelSettings puts files in the place of what the kubelet writes to and what has no namespace.
func (s settings) mountKernelSettings() error {
	for name, value := range map[string]string{"vm/overcommit_memory": "1", "kernel/panic": "10", "kernel/panic_on_oops": "1"} {
		file := s.in("sysctl", filepath.Base(name))
		if err := os.WriteFile(file, []byte(value+"\n"), 0o600); err != nil {
			return err
		}
		if err := unix.Mount(file, "/proc/sys/"+name, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("mounting /proc/sys/%s: %w", name, err)
		}
	}
	return nil
}

// network makes a bridge with the node's address. Services need a default route, and the bridge a cable.
func (s settings) network() error {
	for _, line := range []string{
		"link set lo up",
		"link add node0 type bridge", "address add " + Address + "/24 dev node0", "link set node0 up",
		"link add cable0 type veth peer name cable1", "link set cable0 master node0 up", "link set cable1 up",
		"route add default dev node0",
	} {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		out, err := exec.CommandContext(ctx, "ip", strings.Fields(line)...).CombinedOutput()
		cancel()
		if err != nil {
			return fmt.Errorf("ip %s: %w: %s", line, err, out)
		}
	}
	return os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1\n"), 0o600)
}
