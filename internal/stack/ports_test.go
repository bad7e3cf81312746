package stack

import (
	"net"
	"os"
	"strings"
	"testing"

	"stoa/pkg/common/must"
)

func TestPortPool_sharesNoPort(t *testing.T) {
	var one, two PortPool
	defer one.Release()
	defer two.Release()
	seen := map[int]bool{}
	for range blockSize + 20 { // more than a block
		for _, pool := range []*PortPool{&one, &two} {
			port := must.Get(pool.Take())(t)
			if seen[port] {
				t.Fatalf("port %d was handed out twice", port)
			}
			seen[port] = true
		}
	}
}

func TestPortPool_skipsTakenPorts(t *testing.T) {
	var pool PortPool
	defer pool.Release()
	first := must.Get(pool.Take())(t)
	pool.next = first // would be handed out again
	listener := must.Get(net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: first}))(t)
	defer listener.Close()
	if port, err := pool.Take(); err != nil || port == first {
		t.Errorf("got port %d, %v", port, err)
	}
}

func TestPortPool_skipsReservedPorts(t *testing.T) {
	var pool PortPool
	defer pool.Release()
	first := must.Get(pool.Take())(t)
	pool.reserved = []int{first + 1, first + 2}
	if port, err := pool.Take(); err != nil || port <= first+2 {
		t.Errorf("got port %d, %v, although %v are reserved", port, err, pool.reserved)
	}
}

func TestPortTaken_namesTheOtherProgram(t *testing.T) {
	listener := must.Get(net.Listen("tcp", "127.0.0.1:0"))(t)
	defer listener.Close()
	port := listener.Addr().(*net.TCPAddr).Port
	taken := takenPorts([]spec{{name: "gateway", ports: map[string]int{"app": port}}})
	if len(taken) != 1 || taken[0].PID != os.Getpid() || taken[0].Process != "gateway" {
		t.Fatalf("got %+v, want this process, pid %d", taken, os.Getpid())
	}
	if text := taken[0].Error(); !strings.Contains(text, "gateway") || !strings.Contains(text, os.Args[0]) {
		t.Errorf("%q does not name the app and the program", text)
	}
}
