package web

import (
	"net"
	"net/netip"
	"sync"
)

// bound puts these limits on the connections of a listener. Without limits it returns the listener unchanged.
func (l Limits) bound(listener net.Listener) net.Listener {
	if l.Connections == 0 && l.PerAddress == 0 {
		return listener
	}
	return &boundListener{Listener: listener, limits: l, from: map[netip.Prefix]int{}}
}

// boundListener closes connections over the limits at once. If they waited instead, a client that opens many and uses none
// would block everyone else.
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
		_ = conn.Close()
	}
}

func (l *boundListener) admit(address netip.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	network := Network(address, 32)
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
	network := Network(address, 32)
	l.open--
	if l.from[network]--; l.from[network] == 0 {
		delete(l.from, network)
	}
}

func addressOf(conn net.Conn) netip.Addr {
	address, _ := netip.ParseAddrPort(conn.RemoteAddr().String()) // the zero Addr if it has none
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

// CloseWrite lets the HTTP server end its answer first and close the connection later. Otherwise a client that is still
// sending would get a reset instead of the answer.
func (c *boundConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
