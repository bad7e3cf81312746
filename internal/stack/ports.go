package stack

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// Free ports come in blocks from below the range from which the kernel takes ports of outgoing connections. A stack
// locks the blocks that it uses, so that two stacks never choose the same port between looking and listening.
const (
	firstBlock = 20000
	blockSize  = 100
	blocks     = 120
)

// PortPool hands out free ports; each is handed out once, and none that is reserved.
type PortPool struct {
	reserved []int // fixed ports of processes that do not listen yet
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
		lock, err := lockFile(filepath.Join(folder, strconv.Itoa(first)))
		if errors.Is(err, errLocked) {
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

// Release gives all blocks back; every process that uses their ports must have ended before.
func (p *PortPool) Release() {
	for _, lock := range p.locks {
		lock.Close()
	}
	*p = PortPool{}
}

func portFree(port int) bool {
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	return listener.Close() == nil
}

// staysTaken looks several times: a child that is being started right now holds copies of all our sockets until it has
// become its program, among them those by which other stacks of this process look for free ports.
func staysTaken(port int) bool {
	for range 10 {
		if portFree(port) {
			return false
		}
		time.Sleep(20 * time.Millisecond)
	}
	return true
}

// PortTaken says who holds a port that a process of the stack needs.
type PortTaken struct {
	Port    int
	Process string // the process that needs it
	PID     int    // 0 when it could not be found out
	Command string
}

// Error is one line that says what to do.
func (t PortTaken) Error() string {
	holder := "another program"
	if t.PID != 0 {
		holder = fmt.Sprintf("pid %d (%s)", t.PID, shorten(t.Command, 120))
	}
	return fmt.Sprintf("port %d, which %s needs, is taken by %s; stop that, or change the port in %s",
		t.Port, t.Process, holder, DescriptionFile)
}

// takenPorts lists those ports of the processes that something else listens on.
func takenPorts(specs []spec) []PortTaken {
	var taken []PortTaken
	for _, s := range specs {
		for _, port := range s.listens {
			if !staysTaken(port) {
				continue
			}
			pid := portHolder(port)
			found := PortTaken{Port: port, Process: s.name, PID: pid}
			if pid != 0 {
				found.Command = commandLine(pid)
			}
			taken = append(taken, found)
		}
	}
	return taken
}

// errLocked says that another process holds the lock.
var errLocked = errors.New("locked by another process")

// lockFile takes the lock of the file at path, which lasts until the file is closed or the process ends.
func lockFile(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = errLocked
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}
