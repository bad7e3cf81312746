package stack

import (
	"os/exec"
	"runtime"
	"syscall"
)

// spawner starts all child processes from one thread. On Linux a child is killed when the thread that started it ends,
// which is how none outlives a supervisor that was itself killed; so this thread must live until the last child is gone.
type spawner struct {
	requests chan spawnRequest
}

type spawnRequest struct {
	cmd  *exec.Cmd
	done chan error
}

func newSpawner() *spawner {
	s := &spawner{requests: make(chan spawnRequest)}
	go s.serve()
	return s
}

func (s *spawner) serve() {
	runtime.LockOSThread() // never unlocked: the thread ends with this goroutine
	for request := range s.requests {
		request.done <- request.cmd.Start()
	}
}

// start starts cmd as the leader of a process group of its own, so that a signal from the terminal reaches the
// supervisor alone, which then stops its children in order.
func (s *spawner) start(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithParent(cmd.SysProcAttr)
	done := make(chan error)
	s.requests <- spawnRequest{cmd, done}
	return <-done
}

// close ends the thread; every child must have ended before.
func (s *spawner) close() { close(s.requests) }
