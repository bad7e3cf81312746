package handlers

import (
	"context"

	"stoa/pkg/identity"
)

type profileOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         user
}

// myProfile reads the account anew: the token says what was true when it was issued.
func (h *Handlers) myProfile(ctx context.Context, _ *struct{}) (*profileOutput, error) {
	account, err := h.accounts.Get(ctx, identity.CallerOf(ctx).ID)
	if err != nil {
		return nil, err
	}
	return &profileOutput{CacheControl: noStore, Body: userOf(account)}, nil
}
