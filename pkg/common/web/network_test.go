package web_test

import (
	"net/netip"
	"testing"

	"stoa/pkg/common/web"
)

func TestNetwork(t *testing.T) {
	for _, tt := range []struct {
		address string
		v4bits  int
		want    string
	}{
		{"192.0.2.7", 32, "192.0.2.7/32"},
		{"192.0.2.7", 24, "192.0.2.0/24"},
		{"::ffff:192.0.2.7", 24, "192.0.2.0/24"},
		{"2001:db8:1:2:3:4:5:6", 24, "2001:db8:1:2::/64"},
		{"fe80::1%eth0", 32, "fe80::/64"},
	} {
		if got := web.Network(netip.MustParseAddr(tt.address), tt.v4bits).String(); got != tt.want {
			t.Errorf("%s with %d bits: got %s, want %s", tt.address, tt.v4bits, got, tt.want)
		}
	}
	if got := web.Network(netip.Addr{}, 24); got.IsValid() {
		t.Errorf("an address that is not valid: got %s", got)
	}
}
