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

func (h *handlers) myProfile(ctx context.Context, _ *struct{}) (*profileOutput, error) {
	account, err := h.accounts.Get(ctx, identity.CallerOf(ctx).ID)
	if err != nil {
		return nil, err
	}
	return &profileOutput{CacheControl: noStore, Body: userOf(account)}, nil
}

type changeProfileInput struct {
	Body struct {
		Name          *string `json:"name,omitempty" minLength:"2" maxLength:"200" example:"Ada Lovelace"`
		ProfilePicURL *string `json:"profilePicUrl,omitempty" maxLength:"2000" doc:"The URL of the picture; empty for no picture" example:"https://example.org/ada.png"`
	}
}

func (h *handlers) changeProfile(ctx context.Context, in *changeProfileInput) (*profileOutput, error) {
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

func (h *handlers) publicProfile(ctx context.Context, in *publicProfileInput) (*publicProfileOutput, error) {
	account, err := h.accounts.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &publicProfileOutput{CacheControl: noStore}
	out.Body.ID, out.Body.Name, out.Body.ProfilePicURL = account.ID, account.Name, account.PictureURL
	return out, nil
}
