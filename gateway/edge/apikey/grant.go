// Package apikey checks API keys at the edge: auth decides, its answers are remembered for a few seconds, and a key must
// allow what its route needs. The built-in gateway and the plugin for Kong share it.
package apikey

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"stoa/gateway/edge/limit"
	"stoa/gateway/edge/request"
	"stoa/pkg/common/errs"
)

// Grant is what auth says of a valid key.
type Grant struct {
	// KeyID names the key without being it.
	KeyID string `json:"keyId"`
	// Permissions are what the key allows, such as "shop:read".
	Permissions []string `json:"permissions"`
}

// Allows returns errs.Forbidden, naming what is missing, unless the key may send requests with this method to a route of
// this area, such as "shop". A route without an area needs a valid key and no more.
func (g Grant) Allows(area, method string) error {
	needed := Permission(area, method)
	if needed == "" || slices.Contains(g.Permissions, needed) {
		return nil
	}
	return errs.New(errs.Forbidden, "this API key lacks the permission %s", needed)
}

// Use is what a route asks of the keys of its callers.
type Use struct {
	// Permission is the area, such as "shop", that a key must allow; empty for none.
	Permission string
	// PerMinute is how many requests a key may send in a minute; 0 for any number.
	PerMinute int
	// Counts counts the requests of each key.
	Counts *limit.Limiter
}

// Admit returns an error unless the API key of a request is valid, is within its limit, and allows what the route asks. The
// decision says where the key stands at its limit. The errors are those of Verify and Grant.Allows, and errs.RateLimited.
func (c *Checker) Admit(ctx context.Context, client netip.Addr, r *http.Request, use Use) (limit.Decision, error) {
	decision, verify := limit.Unlimited(), c.Verify
	if reads(r.Method) {
		verify = c.VerifyToRead
	}
	grant, err := verify(ctx, client, r.Header.Get(request.KeyHeader))
	if err == nil && use.PerMinute > 0 {
		decision = use.Counts.Take(grant.KeyID, limit.Rate{Period: time.Minute, Max: int64(use.PerMinute)})
		err = decision.Err("too many requests with this API key; come back later")
	}
	if err == nil {
		err = grant.Allows(use.Permission, r.Method)
	}
	return decision, err
}

// Permission returns the permission that a request needs: to read for the safe methods, and to write for all others.
func Permission(area, method string) string {
	switch {
	case area == "":
		return ""
	case reads(method):
		return area + ":read"
	default:
		return area + ":write"
	}
}

// reads reports whether a method is a safe one.
func reads(method string) bool { return method == http.MethodGet || method == http.MethodHead }
