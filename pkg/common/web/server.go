package web

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// drainTime is how long accepted requests may take to finish once the process is told to stop.
const drainTime = 15 * time.Second

// Limits bound what clients can use.
type Limits struct {
	// ReadHeader is how long a client may take to send the headers of a request, Read to send all of it, and Write to receive
	// the answer. For a stream, Write is the time for each piece.
	ReadHeader, Read, Write time.Duration
	// Idle is how long a connection is kept between requests.
	Idle time.Duration
	// HeaderBytes is the largest size of the headers of a request.
	HeaderBytes int
	// Connections is how many may be open in all, PerAddress how many from one IPv4 address or one /64 of IPv6. 0 means
	// no limit.
	Connections, PerAddress int
	// Unbounded reports whether an address serves many clients, such as a load balancer. PerAddress does not apply to it.
	Unbounded func(netip.Addr) bool
}

// PublicHeaderBytes is the largest size of the headers of a request to the gateway. Apps accept twice as much, and so do
// sidecars (readBufferSize in dapr.yaml), which add headers of their own.
const PublicHeaderBytes = 16 << 10

// DefaultLimits are for a server that a sidecar calls: they bound times and headers, not the number of connections.
func DefaultLimits() Limits {
	return Limits{
		ReadHeader: 5 * time.Second, Read: 15 * time.Second, Write: 30 * time.Second, Idle: 2 * time.Minute,
		HeaderBytes: 2 * PublicHeaderBytes,
	}
}

// Serve listens on addr and serves within these limits until ctx ends. Then it accepts no new connections, ends the contexts
// of streams, waits for other requests to finish, and returns.
func Serve(ctx context.Context, addr string, handler http.Handler, limits Limits) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w", addr, err)
	}
	return ServeOn(ctx, listener, handler, limits)
}

// ServeOn is Serve on an existing listener.
func ServeOn(ctx context.Context, listener net.Listener, handler http.Handler, limits Limits) error {
	streams, endStreams := context.WithCancel(context.WithoutCancel(ctx))
	defer endStreams()
	server := &http.Server{
		Handler:           endWith(streams, limits.Write, handler),
		ReadHeaderTimeout: limits.ReadHeader,
		ReadTimeout:       limits.Read,
		WriteTimeout:      limits.Write,
		IdleTimeout:       limits.Idle,
		MaxHeaderBytes:    limits.HeaderBytes,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(limits.bound(listener)) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	endStreams()
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	if err := server.Shutdown(drain); err != nil {
		return errors.Join(fmt.Errorf("requests were still running after %s: %w", drainTime, err), server.Close())
	}
	return nil
}
