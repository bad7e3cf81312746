package web

import "net/netip"

// Network returns the network under which the limits count a client. For IPv6 it is the /64, because one household can use
// any address in it. For IPv4 it is the first v4bits bits: 32 is the address alone, fewer count neighbours together. The zero
// Addr gives the zero Prefix.
func Network(address netip.Addr, v4bits int) netip.Prefix {
	address = address.Unmap().WithZone("")
	bits := 64
	if address.Is4() {
		bits = v4bits
	}
	network, _ := address.Prefix(bits) // for the zero Addr: an error and the zero Prefix
	return network
}
