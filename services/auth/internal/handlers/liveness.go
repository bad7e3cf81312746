package handlers

import (
	"context"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/identity"
)

type livenessInput struct {
	ID string `path:"id" maxLength:"100"`
}

type livenessOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         identity.Liveness
}

// liveness tells the other services whether a session still counts. One that ended, expired or never was is not found.
func (h *Handlers) liveness(ctx context.Context, in *livenessInput) (*livenessOutput, error) {
	live, err := h.Alive(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &livenessOutput{CacheControl: noStore, Body: live}, nil
}

// Alive implements identity.Sessions: what this service asks itself, the others ask by liveness.
func (h *Handlers) Alive(ctx context.Context, id string) (identity.Liveness, error) {
	session, err := h.sessions.Get(ctx, id)
	if err != nil {
		return identity.Liveness{}, err
	}
	if !time.Now().Before(session.ExpiresAt) {
		return identity.Liveness{}, errs.New(errs.NotFound, "there is no such session")
	}
	account, err := h.accounts.Get(ctx, session.AccountID)
	if err != nil {
		return identity.Liveness{}, err
	}
	live := identity.Liveness{AccountID: account.ID}
	for _, role := range account.Roles {
		live.Roles = append(live.Roles, identity.Role(role))
	}
	return live, nil
}
