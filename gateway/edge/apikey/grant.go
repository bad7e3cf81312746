// Package apikey checks API keys at the edge: auth decides, its answers are remembered for a few seconds, and what a key
// allows is held against what a route needs. The built-in gateway and the plugin for Kong share it.
package apikey

import (
	"net/http"
	"slices"

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

// Permission returns the permission that a request needs: to read for the safe methods, and to write for all others.
func Permission(area, method string) string {
	switch {
	case area == "":
		return ""
	case method == http.MethodGet || method == http.MethodHead:
		return area + ":read"
	default:
		return area + ":write"
	}
}
