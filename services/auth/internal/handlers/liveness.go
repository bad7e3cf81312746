package handlers

import (
	"context"

	"stoa/pkg/identity"
)

type livenessInput struct {
	ID string `path:"id" maxLength:"100"`
}

type livenessOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         identity.Session
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
func (h *Handlers) Alive(ctx context.Context, id string) (identity.Session, error) {
	account, err := h.sessions.Alive(ctx, id)
	if err != nil {
		return identity.Session{}, err
	}
	live := identity.Session{AccountID: account.ID}
	for _, role := range account.Roles {
		live.Roles = append(live.Roles, identity.Role(role))
	}
	return live, nil
}
