package main

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"time"

	"stoa/internal/builds"
	"stoa/internal/stack"
	"stoa/internal/stack/secrets"
)

// startLimit is how long a system may take to become ready.
const startLimit = 2 * time.Minute

// build is a build of Stoa, and how it is run.
type build struct {
	name string
	root string // a checkout of the repository in which `make build` has run
	// program, if set, takes the place of every app.
	program string
	// bare says that the program needs no sidecars.
	bare    bool
	flags   []string          // of `stoa up`
	env     string            // further environment of the apps, as YAML: "NAME: value"
	secrets map[string]string // of servers
}

// system is a running build. It is started by its own `bin/stoa up`, in a folder of its own and on ports of its own, so that
// builds of two commits can run side by side.
type system struct {
	build
	dir         string
	up          *builds.Up  // nil while it does not run, and of a bare system
	commands    []*exec.Cmd // all processes of a bare system
	ready       []string    // the addresses at which the apps of a bare system say that they are ready
	record      stack.Record
	credentials secrets.Bootstrap
}

// unlimited is an environment without limits on what one customer may do in a while. Builds that are older than a setting ignore
// it. An app gets only the environment that dapr.yaml gives it.
const unlimited = "RATE_LIMITS: false, OPEN_PIECES: 0, MAILS_PER_HOUR: 0, LOG_LEVEL: warn"

// lay makes a folder in which `bin/stoa up` finds dapr.yaml with free ports, and the rest of the checkout.
func lay(b build, dir string, pool *stack.PortPool) (*system, error) {
	env := strings.Trim(unlimited+", "+b.env, ", ")
	return &system{build: b, dir: dir}, builds.Lay(builds.Layout{Root: b.root, Env: env, Program: b.program, Secrets: b.secrets}, dir, pool)
}

// begin starts the system and does not wait for it.
func (s *system) begin() (err error) {
	if s.bare {
		return s.beginBare()
	}
	s.up, err = builds.Begin(s.name, s.dir, s.flags)
	return err
}

// start starts the system and waits until it is ready.
func (s *system) start(ctx context.Context) error {
	err := s.begin()
	switch {
	case err != nil:
	case s.bare:
		err = awaitAnswers(ctx, s.ready)
	default:
		err = s.awaitReady(ctx)
	}
	if err == nil {
		return nil
	}
	return errors.Join(err, s.stop())
}

func (s *system) awaitReady(ctx context.Context) (err error) {
	if s.record, err = s.up.AwaitReady(ctx); err != nil {
		return err
	}
	s.credentials, err = secrets.Credentials(s.dir)
	return err
}

// stop ends the system and waits until all its processes are gone.
func (s *system) stop() error {
	if s.bare {
		return s.stopBare()
	}
	if s.up == nil {
		return nil
	}
	err := s.up.Stop()
	s.up = nil
	return err
}
