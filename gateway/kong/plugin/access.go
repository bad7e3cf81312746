package main

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/Kong/go-pdk"

	"stoa/gateway/edge/apikey"
	"stoa/gateway/edge/request"
	"stoa/pkg/common/errs"
	"stoa/pkg/common/web"
)

// maxHeaders is how many header lines a request may have. Kong shows a plugin only as many as it asks for, and all others
// would go on unseen.
const maxHeaders = 100

// framing are the headers that Kong itself writes for the sidecar, whatever the client sent. If they were cleared, Kong
// would not know where the body ends.
var framing = []string{"Connection", "Content-Length", "Expect", "Host", "Te", "Transfer-Encoding", "Upgrade"}

// received is a request as Kong has it.
type received struct {
	*http.Request
	client netip.Addr
	// names are those of the headers, as Kong spells them.
	names []string
}

// Access decides about one request: it goes on, with the headers that its app may get, or is answered here.
func (c *Config) Access(kong *pdk.PDK) {
	standing := http.Header{}
	in, err := receive(kong)
	if err == nil {
		err = c.admit(in, standing)
	}
	if err == nil {
		err = c.pass(kong, in, standing)
	}
	if err != nil {
		refuse(kong, err, standing)
	}
}

// receive asks Kong for the request. The path is the one that the client sent: the one that Kong routes by is cleaned.
func receive(kong *pdk.PDK) (*received, error) {
	target, noTarget := kong.Request.GetPathWithQuery()
	method, noMethod := kong.Request.GetMethod()
	address, noAddress := kong.Client.GetForwardedIp()
	headers, noHeaders := kong.Request.GetHeaders(maxHeaders + 1)
	if err := errors.Join(noTarget, noMethod, noAddress, noHeaders); err != nil {
		if strings.Contains(err.Error(), "invalid UTF-8") { // protobuf has no other word for it
			return nil, errs.Wrap(errs.Malformed, err, "the URL or a header is not valid UTF-8")
		}
		return nil, err
	}
	return newReceived(method, target, address, headers)
}

func newReceived(method, target, address string, headers map[string][]string) (*received, error) {
	u, err := url.ParseRequestURI(target)
	if err != nil {
		return nil, errs.Wrap(errs.Malformed, err, "the URL cannot be read")
	}
	client, err := netip.ParseAddr(address)
	if err != nil {
		return nil, errs.Wrap(errs.Internal, err, "Kong does not say the address of the client")
	}
	in := &received{
		Request: &http.Request{Method: method, URL: u, Header: http.Header{}},
		client:  client.Unmap().WithZone(""),
	}
	lines := 0
	for name, values := range headers {
		lines += len(values)
		in.names = append(in.names, name)
		canonical := http.CanonicalHeaderKey(name)
		in.Header[canonical] = append(in.Header[canonical], values...)
	}
	if lines > maxHeaders {
		return nil, errs.New(errs.Malformed, "the request has more than %d headers", maxHeaders)
	}
	return in, nil
}

// admit returns an error unless the request may go on. It adds to standing where the key stands at its limit.
func (c *Config) admit(in *received, standing http.Header) error {
	if err := request.Check(in.Request); err != nil {
		return err
	}
	if c.Anonymous {
		return nil
	}
	use := apikey.Use{Permission: c.Permission, PerMinute: c.LimitPerMinute, Counts: c.edge.counts}
	decision, err := c.keys.Admit(context.Background(), in.client, in.Request, use)
	decision.Headers(standing)
	return err
}

// pass leaves of the request's headers those that go on, and adds what the sidecar needs.
func (c *Config) pass(kong *pdk.PDK, in *received, standing http.Header) error {
	if c.Browser {
		request.KeepOwnCookies(in.Header)
	}
	forwarded := request.Forwarded(in.Request, c.Browser)
	for _, name := range in.names {
		canonical := http.CanonicalHeaderKey(name)
		if _, stays := forwarded[canonical]; stays || slices.Contains(framing, canonical) {
			continue
		}
		if err := kong.ServiceRequest.ClearHeader(name); err != nil {
			return err
		}
	}
	added := http.Header{}
	if c.edge.token != "" {
		added.Set(tokenHeader, c.edge.token)
	}
	if web.IsStream(in.Request) {
		added.Set("Accept", forwarded.Get("Accept"))
	}
	if own := forwarded.Get("Cookie"); own != "" { // without those of other programs
		added.Set("Cookie", own)
	}
	if len(added) > 0 {
		if err := kong.ServiceRequest.SetHeaders(added); err != nil {
			return err
		}
	}
	if len(standing) == 0 {
		return nil
	}
	return kong.Response.SetHeaders(standing)
}
