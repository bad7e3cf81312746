package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"stoa/internal/stack/description"
	"stoa/internal/stack/state"
)

// ErrRunning means that another supervisor uses the state directory.
var ErrRunning = errors.New("already running")

// Start starts everything, and returns when all processes are ready. If it fails, it stops what it has started; the error is
// one line with the process and the reason.
func (s *Stack) Start(ctx context.Context) error {
	if err := s.open(); err != nil {
		return err
	}
	s.setPhase(PhaseStarting, nil)
	err := s.launch(ctx)
	if err != nil {
		s.setPhase(PhaseStopping, err)
		s.shutdown(context.WithoutCancel(ctx))
		s.close(PhaseFailed, err)
		return err
	}
	s.setPhase(PhaseReady, nil)
	if slices.ContainsFunc(s.system.IDs(), func(id string) bool { return s.replicas(id) > 0 }) {
		s.say("everything is ready")
	} else {
		s.say("everything that the apps need is ready")
	}
	return nil
}

// Stop stops the apps, then the sidecars, then the broker, and lets each finish its work. It kills a process that takes
// longer than stopGrace, and all processes when ctx ends.
func (s *Stack) Stop(ctx context.Context) error {
	s.mu.Lock()
	running := s.phase == PhaseReady
	s.mu.Unlock()
	if !running {
		return nil
	}
	s.setPhase(PhaseStopping, nil)
	s.say("stopping; running work is finished first")
	s.shutdown(ctx)
	s.close(PhaseStopped, nil)
	return nil
}

// open creates the folders, takes the lock, ends processes of an earlier supervisor, and starts the record and the rotation
// of logs.
func (s *Stack) open() error {
	for _, folder := range []string{"run", "logs", "data", "mail"} {
		if err := os.MkdirAll(state.Path(s.options.Dir, folder), 0o700); err != nil {
			return err
		}
	}
	lock, err := lockSupervisor(s.options.Dir)
	if err != nil {
		return err
	}
	left, err := EndLeftOvers(s.options.Dir)
	if err != nil {
		return errors.Join(err, lock.Close())
	}
	if len(left) > 0 {
		s.say(fmt.Sprintf("ended %d processes of an earlier run", len(left)))
	}
	s.mu.Lock()
	s.processes = nil
	s.mu.Unlock()
	s.lock, s.spawner = lock, NewSpawner()
	s.record = newRecorder(recordFile(s.options.Dir), s.snapshot)
	s.logs = newLogRotator(s.options.Dir)
	return nil
}

// lockSupervisor takes the lock of the state directory. It tries several times, because [Running] takes the lock too, for a
// moment.
func lockSupervisor(dir string) (*os.File, error) {
	for range 10 {
		lock, err := state.Lock(lockPath(dir))
		if !errors.Is(err, state.ErrLocked) {
			return lock, err
		}
		time.Sleep(20 * time.Millisecond)
	}
	return nil, ErrRunning
}

// close is the reverse of open.
func (s *Stack) close(phase Phase, failure error) {
	s.spawner.Close()
	s.pool.Release()
	s.setPhase(phase, failure)
	s.logs.close()
	s.record.close()
	s.lock.Close()
}

func (s *Stack) launch(ctx context.Context) error {
	specs, first, err := s.plan(ctx)
	if err != nil {
		return err
	}
	if taken := takenPorts(append(specs, first...)); len(taken) > 0 {
		return taken[0]
	}
	if err := resetNames(s.options.Dir); err != nil {
		return err
	}
	// A sidecar needs its streams before it subscribes, and the certificate authority before it starts.
	for _, group := range append([][]spec{first}, s.groups(specs)...) {
		if err := waitReady(ctx, s.startAll(group)); err != nil {
			return err
		}
	}
	return nil
}

// groups divides the processes into groups that start one after another: usually one group. RabbitMQ drops an event that no
// consumer has subscribed to yet, so on RabbitMQ the gateway starts after all other processes.
func (s *Stack) groups(specs []spec) [][]spec {
	if !slices.ContainsFunc(s.resources, func(r description.Resource) bool { return r.Spec.Type == "pubsub.rabbitmq" }) {
		return [][]spec{specs}
	}
	var others, gateway []spec
	for _, spec := range specs {
		if spec.app == description.Gateway && spec.kind == KindApp {
			gateway = append(gateway, spec)
		} else {
			others = append(others, spec)
		}
	}
	return [][]spec{others, gateway}
}

func (s *Stack) startAll(specs []spec) []*process {
	var started []*process
	for _, spec := range specs {
		started = append(started, newProcess(spec, s.options.Dir, s.spawner, s.changed))
	}
	s.mu.Lock()
	s.processes = append(s.processes, started...)
	s.mu.Unlock()
	for _, p := range started {
		p.start()
	}
	return started
}

// shutdown stops all processes, one wave after another: the gateway, the other apps, the sidecars, the rest.
func (s *Stack) shutdown(ctx context.Context) {
	waves := make([][]*process, 4)
	for _, p := range s.supervised() {
		wave := map[string]int{KindApp: 1, KindSidecar: 2, KindBroker: 3, KindSentry: 3}[p.spec.kind]
		if p.spec.kind == KindApp && p.spec.app == description.Gateway {
			wave = 0
		}
		waves[wave] = append(waves[wave], p)
	}
	for _, wave := range waves {
		var group sync.WaitGroup
		for _, p := range wave {
			group.Go(func() { p.stop(ctx) })
		}
		group.Wait()
	}
}
