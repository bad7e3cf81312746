package request

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Proxies are the networks whose word is taken for who stands behind them: load balancers in front of the gateway.
type Proxies []netip.Prefix

// Decode implements envconfig.Decoder: networks or addresses, separated by commas.
func (p *Proxies) Decode(text string) error {
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		network, err := parseNetwork(part)
		if err != nil {
			return fmt.Errorf("%q is neither an address nor a network such as 10.0.0.0/8", part)
		}
		*p = append(*p, network)
	}
	return nil
}

func parseNetwork(text string) (netip.Prefix, error) {
	if strings.Contains(text, "/") {
		network, err := netip.ParsePrefix(text)
		return network.Masked(), err
	}
	address, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, err
	}
	return address.Unmap().Prefix(address.Unmap().BitLen())
}

// Trusts reports whether a request that came straight from this address may say whom it comes from.
func (p Proxies) Trusts(address netip.Addr) bool {
	return slices.ContainsFunc(p, func(network netip.Prefix) bool { return network.Contains(address) })
}

// Client returns the address that a request came from: that of the connection, or, if a trusted proxy is there, the
// first in X-Forwarded-For, from the right, that is none of the proxies. What stands further left, anybody can write.
func (p Proxies) Client(r *http.Request) netip.Addr {
	client := peer(r)
	if !p.Trusts(client) {
		return client
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		address, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		client = address.Unmap().WithZone("")
		if !p.Trusts(client) {
			break
		}
	}
	return client
}

// Secure reports whether a request came over TLS, to us or to a trusted proxy.
func (p Proxies) Secure(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	scheme := r.Header.Values("X-Forwarded-Proto")
	return p.Trusts(peer(r)) && len(scheme) == 1 && strings.EqualFold(scheme[0], "https")
}

// peer is the address at the other end of the connection.
func peer(r *http.Request) netip.Addr {
	address, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return address.Addr().Unmap().WithZone("")
}

// Network returns what an address is counted under: itself, or for IPv6 its /64, of which every household has one whole.
func Network(address netip.Addr) string {
	if !address.Is6() {
		return address.String()
	}
	network, err := address.Prefix(64)
	if err != nil { // an IPv6 address has 64 bits to keep
		return address.String()
	}
	return network.String()
}
