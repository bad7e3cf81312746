package stack

import (
	"os/exec"
	"runtime"
	"syscall"
)

// Spawner starts all child processes from one thread. On Linux a child is killed when the thread that started it ends,
// which is how none outlives a supervisor that was itself killed; so this thread must live until the last child is gone.
type Spawner struct {
	requests chan spawnRequest
}

type spawnRequest struct {
	cmd  *exec.Cmd
	done chan error
}

// NewSpawner starts the thread.
func NewSpawner() *Spawner {
	s := &Spawner{requests: make(chan spawnRequest)}
	go s.serve()
	return s
}

func (s *Spawner) serve() {
	runtime.LockOSThread() // never unlocked: the thread ends with this goroutine
	for request := range s.requests {
		request.done <- request.cmd.Start()
	}
}

// Start starts cmd as the leader of a process group of its own, so that a signal from the terminal reaches the
// supervisor alone, which then stops its children in order. Of cmd.SysProcAttr it keeps what the caller has set.
func (s *Spawner) Start(cmd *exec.Cmd) error {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
	dieWithParent(cmd.SysProcAttr)
	done := make(chan error)
	s.requests <- spawnRequest{cmd, done}
	return <-done
}

// Close ends the thread; every child must have ended before.
func (s *Spawner) Close() { close(s.requests) }
