package stack

import (
	"os/exec"
	"runtime"
	"syscall"
)

// Spawner starts all child processes from one thread, which must run until the last child has ended. On Linux the kernel
// kills a child when the thread that started it ends, so no child outlives a killed supervisor.
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

// Start starts cmd in a new process group, so that a signal from the terminal reaches only the supervisor, which then stops its
// children in order. It keeps the caller's cmd.SysProcAttr.
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

// Close ends the thread. Every child must have ended.
func (s *Spawner) Close() { close(s.requests) }
