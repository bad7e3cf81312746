package request

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Proxies are the networks of the load balancers in front of the gateway: only they can say for whom they send a request.
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

// Trusts reports whether a request from this address may say whose request it forwards.
func (p Proxies) Trusts(address netip.Addr) bool {
	return slices.ContainsFunc(p, func(network netip.Prefix) bool { return network.Contains(address) })
}

// Client returns the address that a request came from: that of the connection, or, if that is a trusted proxy, the first
// one in X-Forwarded-For, from the right, that is not a proxy. Anyone can write what stands further left.
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
