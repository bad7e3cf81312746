package webtest

import (
	"context"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/identity"
)

// tokenAge is how long the tokens of callers are valid.
const tokenAge = 15 * time.Minute

// Callers are the people of a test, by their tokens. It implements identity.Verifier, and refuses every other token.
type Callers map[string]identity.Caller

// Verify implements identity.Verifier.
func (c Callers) Verify(_ context.Context, token string) (identity.Caller, error) {
	caller, ok := c[token]
	if !ok {
		return identity.Caller{}, errs.New(errs.Unauthenticated, "the access token is not valid")
	}
	if caller.ExpiresAt.IsZero() {
		caller.ExpiresAt = time.Now().Add(tokenAge)
	}
	return caller, nil
}
