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

// drainTime is how long requests that were accepted may take to finish once the process is told to stop.
const drainTime = 15 * time.Second

// Limits bound what a client can hold. A slow one may hold a connection, not a worker.
type Limits struct {
	// ReadHeader is how long a client may take over the headers of a request, Read over the whole of it, and Write, from
	// there on, over the answer. A stream has its own: one for each piece.
	ReadHeader, Read, Write time.Duration
	// Idle is how long a connection is kept between requests.
	Idle time.Duration
	// HeaderBytes is the most that the headers of a request may have.
	HeaderBytes int
	// Connections is how many may be open, and PerAddress how many from one address (of IPv6: one /64); 0 is any number.
	Connections, PerAddress int
	// Unbounded reports addresses that stand for many clients, such as load balancers: PerAddress is not for them.
	Unbounded func(netip.Addr) bool
}

// DefaultLimits are for a server that a sidecar calls: they bound time, and not the number of connections.
func DefaultLimits() Limits {
	return Limits{
		ReadHeader: 5 * time.Second, Read: 15 * time.Second, Write: 30 * time.Second, Idle: 2 * time.Minute,
		HeaderBytes: 16 << 10,
	}
}

// Serve listens on addr and serves, within these limits, until ctx ends; then it takes no new connection, lets accepted
// requests finish, and returns. Streams are told by the end of their request's context.
func Serve(ctx context.Context, addr string, handler http.Handler, limits Limits) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w", addr, err)
	}
	return ServeOn(ctx, listener, handler, limits)
}

// ServeOn is Serve on a listener that is there already.
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
