package main

import (
	"context"
	"net/http"
	"net/netip"

	"stoa/gateway/edge/limit"
	"stoa/gateway/edge/request"
)

// caller is where a request came from, and where its sender stands at the limits.
type caller struct {
	address netip.Addr
	// secure says that the request came over TLS, to us or to a proxy that we trust.
	secure bool
	// keyed says that the answer needs an API key.
	keyed bool
	// browser says that the app is the one for browsers.
	browser  bool
	standing limit.Decision
}

type callerKey struct{}

// callerOf returns the caller of a request that identified let through.
func callerOf(r *http.Request) *caller {
	if c, ok := r.Context().Value(callerKey{}).(*caller); ok {
		return c
	}
	return &caller{standing: limit.Unlimited()}
}

// identified finds out where each request came from.
func identified(proxies request.Proxies, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &caller{address: proxies.Client(r), secure: proxies.Secure(r), standing: limit.Unlimited()}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, c)))
	})
}

// report tells a client where it stands at the tightest of its limits.
func (c *caller) report(w http.ResponseWriter, decision limit.Decision) {
	c.standing = limit.Tighter(c.standing, decision)
	c.standing.Headers(w.Header())
}
