package web

import (
	"net/netip"
	"testing"
)

// A household with a /64 of IPv6 has countless addresses: they share the places of one IPv4 address.
func TestConnections_areCountedByNetwork(t *testing.T) {
	l := &boundListener{limits: Limits{PerAddress: 1}, from: map[netip.Prefix]int{}}
	for _, tt := range []struct {
		address string
		want    bool
	}{
		{"203.0.113.7", true}, {"203.0.113.7", false}, {"203.0.113.8", true},
		{"2001:db8::1", true}, {"2001:db8::2", false}, {"2001:db8:0:1::1", true},
		{"fe80::1%eth0", true}, {"fe80::2%eth1", false},
	} {
		if got := l.admit(netip.MustParseAddr(tt.address)); got != tt.want {
			t.Errorf("%s: got %v", tt.address, got)
		}
	}
	if !l.admit(netip.Addr{}) || l.admit(netip.Addr{}) {
		t.Error("connections without an address must count as one network")
	}
	l.release(netip.MustParseAddr("2001:db8::1"))
	if !l.admit(netip.MustParseAddr("2001:db8::2")) {
		t.Error("a connection that ended must make room for its neighbour")
	}
	for _, address := range []string{"203.0.113.7", "203.0.113.8", "2001:db8::2", "2001:db8:0:1::1", "fe80::1"} {
		l.release(netip.MustParseAddr(address))
	}
	if l.release(netip.Addr{}); len(l.from) != 0 || l.open != 0 {
		t.Errorf("no connection is open, but %v are counted", l.from)
	}
}
