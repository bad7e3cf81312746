package web

import (
	"net"
	"net/netip"
	"sync"
)

// bound returns the listener with these limits on its connections, or as it is if there are none.
func (l Limits) bound(listener net.Listener) net.Listener {
	if l.Connections == 0 && l.PerAddress == 0 {
		return listener
	}
	return &boundListener{Listener: listener, limits: l, from: map[netip.Prefix]int{}}
}

// boundListener closes connections over the limits at once. To leave them waiting would let one client, by opening more
// than it uses, keep everybody else waiting too.
type boundListener struct {
	net.Listener
	limits Limits

	mu   sync.Mutex
	open int
	from map[netip.Prefix]int
}

// Accept implements net.Listener.
func (l *boundListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		address := addressOf(conn)
		if l.admit(address) {
			return &boundConn{Conn: conn, release: sync.OnceFunc(func() { l.release(address) })}, nil
		}
		_ = conn.Close() // whoever it is gets no more than this
	}
}

func (l *boundListener) admit(address netip.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	network := networkOf(address)
	many := l.limits.Unbounded != nil && l.limits.Unbounded(address)
	if l.limits.Connections > 0 && l.open >= l.limits.Connections ||
		l.limits.PerAddress > 0 && l.from[network] >= l.limits.PerAddress && !many {
		return false
	}
	l.open++
	l.from[network]++
	return true
}

func (l *boundListener) release(address netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	network := networkOf(address)
	l.open--
	if l.from[network]--; l.from[network] == 0 {
		delete(l.from, network)
	}
}

// networkOf is what connections are counted under: the address, or for IPv6 its /64, of which every household has one whole.
func networkOf(address netip.Addr) netip.Prefix {
	bits := address.BitLen()
	if address.Is6() {
		bits = 64
	}
	network, _ := address.WithZone("").Prefix(bits) // fails for no address at all, which is one network
	return network
}

func addressOf(conn net.Conn) netip.Addr {
	address, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	if err != nil {
		return netip.Addr{}
	}
	return address.Addr().Unmap()
}

type boundConn struct {
	net.Conn
	release func()
}

// Close implements net.Conn.
func (c *boundConn) Close() error {
	c.release()
	return c.Conn.Close()
}

// CloseWrite lets the HTTP server end an answer before it closes the connection upon a client that is still sending: the
// client would see the connection reset, and not the answer.
func (c *boundConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
