package handlers

import (
	"context"

	"stoa/pkg/identity"
	"stoa/services/auth/internal/domain"
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

type changeProfileInput struct {
	Body struct {
		Name          *string `json:"name,omitempty" minLength:"2" maxLength:"200" example:"Ada Lovelace"`
		ProfilePicURL *string `json:"profilePicUrl,omitempty" maxLength:"2000" doc:"Where the picture is; empty for none" example:"https://example.org/ada.png"`
	}
}

func (h *Handlers) changeProfile(ctx context.Context, in *changeProfileInput) (*profileOutput, error) {
	change := domain.Profile{Name: in.Body.Name, PictureURL: in.Body.ProfilePicURL}
	account, err := h.accounts.ChangeProfile(ctx, identity.CallerOf(ctx).ID, change)
	if err != nil {
		return nil, err
	}
	return &profileOutput{CacheControl: noStore, Body: userOf(account)}, nil
}

type publicProfileInput struct {
	ID string `path:"id" maxLength:"100"`
}

type publicProfileOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         struct {
		ID            string `json:"id" format:"uuid"`
		Name          string `json:"name"`
		ProfilePicURL string `json:"profilePicUrl,omitempty" format:"uri"`
	}
}

// publicProfile shows of an account what everybody may know.
func (h *Handlers) publicProfile(ctx context.Context, in *publicProfileInput) (*publicProfileOutput, error) {
	account, err := h.accounts.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &publicProfileOutput{CacheControl: noStore}
	out.Body.ID, out.Body.Name, out.Body.ProfilePicURL = account.ID, account.Name, account.PictureURL
	return out, nil
}

type changePasswordInput struct {
	Client
	Body struct {
		Current string `json:"current" minLength:"1" maxLength:"100"`
		New     string `json:"new" minLength:"8" maxLength:"100" doc:"At most 100 bytes in UTF-8"`
	}
}

func (h *Handlers) changePassword(ctx context.Context, in *changePasswordInput) (*struct{}, error) {
	change := domain.PasswordChange{Current: in.Body.Current, New: in.Body.New}
	return nil, h.sessions.ChangePassword(ctx, identity.CallerOf(ctx).SessionID, change, in.from())
}
