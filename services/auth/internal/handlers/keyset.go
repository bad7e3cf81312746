package handlers

import (
	"context"

	"stoa/pkg/identity"
)

type keySetOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         identity.KeySet
}

// keySetCaching is how long caches may keep the key set: they have to learn of a key before it signs, see signing.LeadTime.
const keySetCaching = "public, max-age=5"

func (h *handlers) getKeySet(context.Context, *struct{}) (*keySetOutput, error) {
	return &keySetOutput{CacheControl: keySetCaching, Body: h.keySet()}, nil
}
