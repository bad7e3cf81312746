package handlers

import (
	"context"
	"time"

	"stoa/pkg/common/errs"
	"stoa/services/auth/internal/domain"
)

type livenessInput struct {
	ID string `path:"id" maxLength:"100"`
}

type livenessOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         struct {
		AccountID string        `json:"accountId" doc:"Whose session it is"`
		Roles     []domain.Role `json:"roles" doc:"What the account may do now, whatever its tokens say"`
	}
}

// liveness tells the other services whether a session still counts. One that ended, expired or never was is not found.
func (h *Handlers) liveness(ctx context.Context, in *livenessInput) (*livenessOutput, error) {
	session, err := h.sessions.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if !time.Now().Before(session.ExpiresAt) {
		return nil, errs.New(errs.NotFound, "there is no such session")
	}
	account, err := h.accounts.Get(ctx, session.AccountID)
	if err != nil {
		return nil, err
	}
	out := &livenessOutput{CacheControl: noStore}
	out.Body.AccountID, out.Body.Roles = account.ID, account.Roles
	return out, nil
}
