package webtest

import (
	"context"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/identity"
)

// tokenTTL is how long the token of a caller without ExpiresAt is valid.
const tokenTTL = 15 * time.Minute

// Callers are the people of a test, by token. As an identity.Verifier, it refuses all other tokens.
type Callers map[string]identity.Caller

// Verify implements identity.Verifier.
func (c Callers) Verify(_ context.Context, token string) (identity.Caller, error) {
	caller, ok := c[token]
	if !ok {
		return identity.Caller{}, errs.New(errs.Unauthenticated, "the access token is not valid")
	}
	if caller.ExpiresAt.IsZero() {
		caller.ExpiresAt = time.Now().Add(tokenTTL)
	}
	return caller, nil
}
