package compose

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"stoa/internal/stack/secrets"
	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/system"
)

// project is one run of docker-compose.yml, with containers, networks and volumes of its own.
type project struct {
	name, root, port string
	files            []string // besides docker-compose.yml
}

// container is what Docker knows about one, as far as the tests ask.
type container struct {
	ID    string `json:"Id"`
	State struct {
		Status   string
		ExitCode int
		Pid      int

		Health *struct{ Status string }
	}
	Config struct {
		User   string
		Labels map[string]string
	}
	HostConfig struct {
		ReadonlyRootfs              bool
		CapDrop, SecurityOpt        []string
		Memory, NanoCpus, PidsLimit int64
		PortBindings                map[string][]struct {
			HostIP string `json:"HostIp"`
		}
	}
}

func (c container) service() string { return c.Config.Labels["com.docker.compose.service"] }

// up starts the project and removes all of it when the test ends.
func up(t *testing.T) *project {
	t.Helper()
	p := &project{name: fmt.Sprintf("stoa-test-%d", os.Getpid()), root: system.Root(t), port: freePort(t)}
	t.Cleanup(func() {
		if t.Failed() {
			logs, _ := p.compose("logs", "--no-color", "--tail=20")
			t.Logf("%s", logs)
		}
		if _, err := p.compose("down", "--volumes", "--remove-orphans"); err != nil {
			t.Error(err)
		}
		for _, kind := range []string{"container", "network", "volume"} {
			if left, err := p.list(kind); err != nil || len(left) > 0 {
				t.Errorf("%ss left behind: %v %v", kind, left, err)
			}
		}
	})
	must.Get(p.compose("up", "--detach"))(t)
	return p
}

func freePort(t *testing.T) string {
	t.Helper()
	listener := must.Get(net.Listen("tcp", "127.0.0.1:0"))(t)
	defer listener.Close()
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
}

// compose runs Docker Compose: a program of its own, or with COMPOSE="docker compose" a part of docker.
func (p *project) compose(args ...string) ([]byte, error) {
	command := strings.Fields(cmp.Or(os.Getenv("COMPOSE"), "docker-compose"))
	flags := []string{"--project-name", p.name, "--file", "docker-compose.yml"}
	for _, file := range p.files {
		flags = append(flags, "--file", file)
	}
	return p.run(command[0], slices.Concat(command[1:], flags, args)...)
}

// run returns what a program writes to its output; its error holds what it complains about. It has a time of its own,
// since much of it is tidying up when the test is over.
func (p *project) run(program string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = p.root
	cmd.Env = append(os.Environ(), "STOA_PORT="+p.port)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		return out, fmt.Errorf("%s %s: %w: %s", program, strings.Join(args, " "), err, complaints.String())
	}
	return out, nil
}

// list names what the project has of a kind: container, network or volume.
func (p *project) list(kind string) ([]string, error) {
	args := []string{kind, "ls", "--quiet", "--filter", "label=com.docker.compose.project=" + p.name}
	if kind == "container" {
		args = append(args, "--all")
	}
	out, err := p.run("docker", args...)
	return strings.Fields(string(out)), err
}

func (p *project) containers() ([]container, error) {
	ids, err := p.list("container")
	if err != nil {
		return nil, err
	}
	out, err := p.run("docker", append([]string{"inspect"}, ids...)...)
	if err != nil {
		return nil, err
	}
	var all []container
	return all, json.Unmarshal(out, &all)
}

func (p *project) container(t *testing.T, service string) container {
	t.Helper()
	all := must.Get(p.containers())(t)
	for _, c := range all {
		if c.service() == service {
			return c
		}
	}
	t.Fatalf("there is no container of the service %s", service)
	return container{}
}

// awaitHealthy waits until every container is as it should be.
func (p *project) awaitHealthy(t *testing.T) {
	t.Helper()
	system.Eventually(t, "all containers are healthy", func() error {
		all, err := p.containers()
		for _, c := range all {
			err = errors.Join(err, c.trouble())
		}
		return err
	})
}

// trouble says what is wrong with a container: pods only have to run, and the first start is over once it was done.
func (c container) trouble() error {
	switch {
	case c.service() == "init" && c.State.Status == "exited" && c.State.ExitCode == 0:
		return nil
	case c.State.Status != "running":
		return fmt.Errorf("%s is %s (%d)", c.service(), c.State.Status, c.State.ExitCode)
	case c.State.Health != nil && c.State.Health.Status != "healthy":
		return fmt.Errorf("%s is %s", c.service(), c.State.Health.Status)
	}
	return nil
}

// crash kills the process of a container as the kernel does when memory is short, so that Docker takes it for a crash and
// starts it again; `docker kill` counts as the wish of a person. Where the daemon's processes are not ours to see, on a
// virtual machine for one, it has to do, with a start after it.
func (p *project) crash(t *testing.T, service string) {
	t.Helper()
	c := p.container(t, service)
	if groups, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", c.State.Pid)); err == nil && strings.Contains(string(groups), c.ID) {
		must.Do(t, syscall.Kill(c.State.Pid, syscall.SIGKILL))
		return
	}
	for _, command := range []string{"kill", "start"} {
		must.Get(p.run("docker", command, c.ID))(t)
	}
}

// shop is the way in for people, with the sign-ins that the first start made.
func (p *project) shop(t *testing.T) *client.Shop {
	t.Helper()
	out := must.Get(p.compose("exec", "-T", "broker", "/stoa", "credentials", "--json"))(t)
	var made struct {
		APIKey   string                     `json:"api_key"`
		Accounts map[string]secrets.Account `json:"accounts"`
	}
	must.Do(t, json.Unmarshal(out, &made))
	return client.Connect("http://127.0.0.1:"+p.port, secrets.Bootstrap{APIKey: made.APIKey, Accounts: made.Accounts})
}

// mails lists the files that the mail binding has written. There is no shell in the container to list them, but Docker
// copies them out.
func (p *project) mails(t *testing.T) []string {
	t.Helper()
	out := must.Get(p.run("docker", "cp", p.container(t, "notification-sidecar").ID+":/state/.stoa/mail", "-"))(t)
	var names []string
	for files := tar.NewReader(bytes.NewReader(out)); ; {
		file, err := files.Next()
		if errors.Is(err, io.EOF) {
			return names
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, file.Name)
	}
}

// checkHardened holds what Docker was told about each container against what the file promises.
func (p *project) checkHardened(t *testing.T) {
	all := must.Get(p.containers())(t)
	for _, c := range all {
		host := c.HostConfig
		switch {
		case c.Config.User != "65532:65532":
			t.Errorf("%s runs as %q", c.service(), c.Config.User)
		case !host.ReadonlyRootfs:
			t.Errorf("%s can write to its root", c.service())
		case strings.Join(host.CapDrop, "") != "ALL" || strings.Join(host.SecurityOpt, "") != "no-new-privileges:true":
			t.Errorf("%s keeps capabilities or may get some: %v %v", c.service(), host.CapDrop, host.SecurityOpt)
		case host.Memory == 0 || host.NanoCpus == 0 || host.PidsLimit == 0:
			t.Errorf("%s has no limits: %+v", c.service(), host)
		case len(host.PortBindings) > 0 && (c.service() != "gateway-pod" || host.PortBindings["8080/tcp"][0].HostIP != "127.0.0.1"):
			t.Errorf("%s publishes %v", c.service(), host.PortBindings)
		}
	}
}
