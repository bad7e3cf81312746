package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"

	"stoa/internal/stack"
	"stoa/internal/stack/description"
	"stoa/internal/stack/secrets"
)

// spawner starts programs that end when this one does.
var spawner = sync.OnceValue(stack.NewSpawner)

// beginBare starts the broker and the apps of a bare system: the processes and ports that it has with sidecars, without these.
func (s *system) beginBare() error {
	values, err := secrets.Read(s.dir)
	if err != nil {
		return err
	}
	apps, err := description.Load(s.dir)
	if err != nil {
		return err
	}
	ports := map[string]int{}
	for _, app := range apps.Apps {
		ports[app.ID] = cmp.Or(app.Ports[description.PortApp], app.Ports[description.PortProbe])
	}
	state := filepath.Join(s.dir, ".stoa")
	for _, folder := range []string{"data", "mail"} {
		if err := os.MkdirAll(filepath.Join(state, folder), 0o700); err != nil {
			return err
		}
	}
	s.record = stack.Record{Gateway: fmt.Sprintf("http://127.0.0.1:%d", ports["gateway"])}
	broker, err := s.spawn("broker", nil, filepath.Join(s.root, "bin", "stoa"), "broker", "--dir", s.dir,
		"--components", filepath.Join(s.root, "components", "bus", "nats"))
	if err != nil {
		return err
	}
	s.record.Supervisor = broker
	for _, app := range slices.Sorted(maps.Keys(ports)) {
		process, err := s.spawn(app, []string{
			"APP_ID=" + app, "STATE_DIR=" + state, "NATS_URL=" + values[secrets.BrokerURL],
			fmt.Sprint("APP_PORT=", ports[app]), fmt.Sprint("ORDER_API_PORT=", ports["order-api"]),
		}, s.program)
		if err != nil {
			return err
		}
		s.record.Processes = append(s.record.Processes, process)
		s.ready = append(s.ready, fmt.Sprintf("http://127.0.0.1:%d/readyz", ports[app]))
	}
	return nil
}

func (s *system) spawn(name string, env []string, command ...string) (stack.Process, error) {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir, cmd.Env = s.dir, append(os.Environ(), env...)
	if err := spawner().Start(cmd); err != nil {
		return stack.Process{}, err
	}
	s.commands = append(s.commands, cmd)
	return stack.Process{Name: name, App: name, PID: cmd.Process.Pid}, nil
}

// stopBare kills the processes: what a bare system has stored is not used again.
func (s *system) stopBare() error {
	err := end(s.commands)
	s.commands = nil
	return err
}

// end kills processes and waits until they are gone.
func end(commands []*exec.Cmd) error {
	var failed []error
	for _, cmd := range commands {
		if err := cmd.Process.Signal(syscall.SIGKILL); err != nil && !errors.Is(err, os.ErrProcessDone) {
			failed = append(failed, err)
			continue
		}
		_ = cmd.Wait() // it was killed
	}
	return errors.Join(failed...)
}
