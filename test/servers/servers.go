// Package servers starts real brokers and databases for tests: on loopback, on free ports, with their data in a temporary
// folder. They are children that die with the test, and have nothing to do with what the machine itself runs.
package servers

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"stoa/internal/stack"
)

// loopback is where every server listens, and nowhere else.
const loopback = "127.0.0.1"

// startLimit bounds a start; a broker on the JVM takes its time on a busy machine.
const startLimit = 2 * time.Minute

// Server is one broker or database.
type Server struct {
	// Kind is what it was started as: redis, postgres, mariadb, mongodb, rabbitmq or kafka.
	Kind string
	// Version is the program's name and version.
	Version string
	// StandIn says what runs in place of the real program, and is empty for the real one.
	StandIn string
	// Secrets are the secrets that components need to reach it, by their names in components/.
	Secrets map[string]string
	// Address is where PostgreSQL listens, for those who do not read it from the secrets.
	Address string

	dir       string
	ports     stack.PortPool
	processes []*process
	foreign   bool // somebody else runs it
}

// blueprint is how a kind of server is run.
type blueprint struct {
	find    func() error                         // says why it cannot be
	prepare func(context.Context, *Server) error // makes its data, and fills in the exported fields and the processes
}

var blueprints = map[string]blueprint{
	"redis":    {findRedis, prepareRedis},
	"postgres": {findPostgres, preparePostgres},
	"mariadb":  {findMariaDB, prepareMariaDB},
	"mongodb":  {findMongoDB, prepareMongoDB},
	"rabbitmq": {findRabbitMQ, prepareRabbitMQ},
	"kafka":    {findKafka, prepareKafka},
}

// Kinds lists what can be started where its programs are.
func Kinds() []string { return slices.Sorted(maps.Keys(blueprints)) }

// mixtures are the folders of components/ that need other servers than their names say.
var mixtures = map[string][]string{"mixed": {"postgres", "mongodb"}, "nats-and-redis": {"redis"}}

// Needed lists the kinds of servers that these folders of components/bus and components/store need, each once.
func Needed(folders ...string) []string {
	var kinds []string
	for _, folder := range folders {
		if _, known := blueprints[folder]; known {
			kinds = append(kinds, folder)
		}
		kinds = append(kinds, mixtures[folder]...)
	}
	slices.Sort(kinds)
	return slices.Compact(kinds)
}

// Find says why a kind of server cannot be started on this machine, and what to install; nil if it can.
func Find(kind string) error {
	b, known := blueprints[kind]
	if !known {
		return fmt.Errorf("%q is no kind of server; choose one of %s", kind, strings.Join(Kinds(), ", "))
	}
	return b.find()
}

// Start starts a server and returns once it answers.
func Start(ctx context.Context, kind string) (*Server, error) {
	if err := Find(kind); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "stoa-"+kind+"-")
	if err != nil {
		return nil, err
	}
	s := &Server{Kind: kind, Secrets: map[string]string{}, dir: dir}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	err = blueprints[kind].prepare(ctx, s)
	if err == nil {
		err = s.Restart(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s does not start: %w", kind, err), s.Stop())
	}
	return s, nil
}

// Stop ends the server and removes its data.
func (s *Server) Stop() error {
	err := s.end()
	s.ports.Release()
	return errors.Join(err, os.RemoveAll(s.dir))
}

// errForeign says that a server is not there to be ended.
var errForeign = errors.New("somebody else runs this server, so that it cannot be stopped and started")

// PIDs are the programs of the server, without their children. A server that somebody else runs has none.
func (s *Server) PIDs() []int {
	var all []int
	for _, p := range s.processes {
		if p.running() {
			all = append(all, p.cmd.Process.Pid)
		}
	}
	return all
}

// Kill ends the server by SIGKILL; its data stays.
func (s *Server) Kill() error {
	if s.foreign {
		return errForeign
	}
	return s.end()
}

func (s *Server) end() error {
	var failed error
	for _, p := range slices.Backward(s.processes) {
		failed = errors.Join(failed, p.kill())
	}
	return failed
}

// Restart starts the server on the same port and data; one that runs is asked to stop first. It returns once the server
// answers.
func (s *Server) Restart(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for _, p := range slices.Backward(s.processes) {
		if err := p.stop(ctx); err != nil {
			return err
		}
	}
	for _, p := range s.processes {
		if err := p.start(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Pause stops the server in the middle of what it does, by SIGSTOP: connections stay, and nothing answers.
func (s *Server) Pause() error { return s.signal(syscall.SIGSTOP) }

// Resume lets a paused server go on.
func (s *Server) Resume() error { return s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig syscall.Signal) error {
	if s.foreign {
		return errForeign
	}
	var failed error
	for _, p := range s.processes {
		failed = errors.Join(failed, p.signal(sig))
	}
	return failed
}

// run adds a process to the server.
func (s *Server) run(p process) {
	p.dir = s.dir
	p.log = filepath.Join(s.dir, fmt.Sprintf("%d.log", len(s.processes)))
	s.processes = append(s.processes, &p)
}
