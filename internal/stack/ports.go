package stack

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"stoa/internal/stack/description"
	"stoa/internal/stack/state"
)

// Free ports come in blocks, below the range that Linux uses for outgoing connections. A stack locks its blocks, so that two
// stacks do not choose the same port while neither listens on it yet.
const (
	firstBlock = 20000
	blockSize  = 100
	blocks     = 120
)

// PortPool returns free ports, each of them once.
type PortPool struct {
	reserved []int // never returned: fixed ports of processes that do not listen yet
	locks    []*os.File
	next     int // the next candidate in the newest block
	end      int
	block    int // the next block to try
}

// Take returns a port on which nothing listens.
func (p *PortPool) Take() (int, error) {
	for {
		if p.next == p.end {
			if err := p.lockBlock(); err != nil {
				return 0, err
			}
		}
		port := p.next
		p.next++
		if !slices.Contains(p.reserved, port) && portFree(port) {
			return port, nil
		}
	}
}

func (p *PortPool) lockBlock() error {
	folder := filepath.Join(os.TempDir(), fmt.Sprintf("stoa-ports-%d", os.Getuid()))
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	for ; p.block < blocks; p.block++ {
		first := firstBlock + p.block*blockSize
		lock, err := state.Lock(filepath.Join(folder, strconv.Itoa(first)))
		if errors.Is(err, state.ErrLocked) {
			continue
		}
		if err != nil {
			return err
		}
		p.locks = append(p.locks, lock)
		p.next, p.end = first, first+blockSize
		p.block++
		return nil
	}
	return fmt.Errorf("no free ports left between %d and %d", firstBlock, firstBlock+blocks*blockSize)
}

// Release unlocks all blocks. The processes that use their ports must have ended.
func (p *PortPool) Release() {
	for _, lock := range p.locks {
		lock.Close()
	}
	*p = PortPool{}
}

func portFree(port int) bool {
	listener, err := net.Listen("tcp", net.JoinHostPort(description.Loopback, strconv.Itoa(port)))
	if err != nil {
		return false
	}
	return listener.Close() == nil
}

// staysTaken reports whether a port is in use, and checks several times: a child that is starting has copies of all sockets
// of this process until it executes its program, also of those that only check whether a port is free.
func staysTaken(port int) bool {
	for range 10 {
		if portFree(port) {
			return false
		}
		time.Sleep(20 * time.Millisecond)
	}
	return true
}

// PortTaken is the error for a port on which another program listens.
type PortTaken struct {
	Port    int
	Process string // the process that needs it
	PID     int    // of the other program; 0 when it is unknown
	Command string
}

// Error is one line that says what to do.
func (t PortTaken) Error() string {
	other := "another program"
	if t.PID != 0 {
		other = fmt.Sprintf("pid %d (%s)", t.PID, shorten(t.Command, 120))
	}
	return fmt.Sprintf("port %d, which %s needs, is taken by %s; stop that program, or change the port in %s",
		t.Port, t.Process, other, description.File)
}

// takenPorts lists the ports that processes need and on which another program listens.
func takenPorts(specs []spec) []PortTaken {
	var taken []PortTaken
	for _, s := range specs {
		for _, port := range s.ports {
			if !staysTaken(port) {
				continue
			}
			pid := listenerPID(port)
			found := PortTaken{Port: port, Process: s.name, PID: pid}
			if pid != 0 {
				found.Command = commandLine(pid)
			}
			taken = append(taken, found)
		}
	}
	return taken
}
