package security

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"stoa/internal/stack/description"
	"stoa/pkg/common/must"
)

// listening lists the addresses on which a process takes TCP connections or UDP packets of anybody.
func listening(t *testing.T, pid int) []netip.AddrPort {
	t.Helper()
	sockets := socketsOf(t, pid)
	var found []netip.AddrPort
	for _, table := range []string{"tcp", "tcp6", "udp", "udp6"} {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, table))
		if os.IsNotExist(err) {
			continue // a machine without IPv6
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n")[1:] {
			// sl, local address, remote address, state, ... inode (proc_pid_net(5))
			fields := strings.Fields(line)
			waits := fields[3] == "0A" || strings.HasPrefix(table, "udp") && strings.HasSuffix(fields[2], ":0000")
			if waits && slices.Contains(sockets, fields[9]) {
				found = append(found, parseAddress(t, fields[1]))
			}
		}
	}
	return found
}

// socketsOf lists the inodes of a process's sockets.
func socketsOf(t *testing.T, pid int) []string {
	t.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if err != nil || len(files) == 0 {
		t.Fatalf("the files of pid %d cannot be seen: %v", pid, err)
	}
	var inodes []string
	for _, file := range files {
		target, _ := os.Readlink(file) // one that has been closed meanwhile
		if inode, is := strings.CutPrefix(target, "socket:["); is {
			inodes = append(inodes, strings.TrimSuffix(inode, "]"))
		}
	}
	return inodes
}

// parseAddress reads "0100007F:1F90": words of the machine's byte order in hexadecimal, then the port.
func parseAddress(t *testing.T, text string) netip.AddrPort {
	t.Helper()
	host, port, _ := strings.Cut(text, ":")
	raw := must.Get(hex.DecodeString(host))(t)
	for i := 0; i < len(raw); i += 4 {
		binary.NativeEndian.PutUint32(raw[i:], binary.BigEndian.Uint32(raw[i:]))
	}
	address, _ := netip.AddrFromSlice(raw)
	number := must.Get(strconv.ParseUint(port, 16, 16))(t)
	return netip.AddrPortFrom(address.Unmap(), uint16(number))
}

// Nothing but the gateway can be reached from another machine: not the apps, not one of a sidecar's ports, not the
// broker, not the certificate authority.
func TestPorts_areOnLoopback(t *testing.T) {
	for _, p := range shop.Processes() {
		addresses := listening(t, p.PID)
		if len(addresses) < len(p.Ports) {
			t.Errorf("%s has the ports %v, and listens on %v", p.Name, p.Ports, addresses)
		}
		for _, address := range addresses {
			public := p.Name == "gateway" && int(address.Port()) == p.Ports[description.PortApp]
			if !address.Addr().IsLoopback() && !public {
				t.Errorf("%s listens on %s", p.Name, address)
			}
		}
	}
}

// The test above would see a port that is open to other machines.
func TestPorts_areSeenWhenOpen(t *testing.T) {
	for _, network := range []string{"tcp4", "tcp6"} {
		listener, err := net.Listen(network, ":0")
		if err != nil {
			t.Skipf("NOT TESTED: this machine has no %s: %v", network, err)
		}
		defer listener.Close()
		port := uint16(listener.Addr().(*net.TCPAddr).Port)
		seen := slices.ContainsFunc(listening(t, os.Getpid()), func(a netip.AddrPort) bool {
			return a.Port() == port && a.Addr().IsUnspecified()
		})
		if !seen {
			t.Errorf("%s is not seen among %v", listener.Addr(), listening(t, os.Getpid()))
		}
	}
}
