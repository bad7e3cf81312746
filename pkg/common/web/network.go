package web

import "net/netip"

// Network returns the network that a client is counted under: what one subscriber can choose addresses from at will. Of
// IPv6 that is the /64, which every household has for itself; of IPv4 it is the first v4bits bits: 32 for the address
// alone, fewer to count neighbours together. The zero Addr gives the zero Prefix.
func Network(address netip.Addr, v4bits int) netip.Prefix {
	address = address.Unmap().WithZone("")
	bits := 64
	if address.Is4() {
		bits = v4bits
	}
	network, _ := address.Prefix(bits) // fails for the zero Addr, with the zero Prefix
	return network
}
