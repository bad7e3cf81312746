package handlers

import (
	"context"

	"stoa/pkg/identity"
	"stoa/services/auth/internal/domain"
)

func (h *handlers) myProfile(ctx context.Context, _ *struct{}) (*private[user], error) {
	account, err := h.accounts.Get(ctx, identity.CallerOf(ctx).ID)
	return privately(userOf(account), err)
}

type changeProfileInput struct {
	Client
	Body struct {
		Name          *string `json:"name,omitempty" minLength:"2" maxLength:"200" doc:"Letters, digits and signs of any script; no control characters, and none that cannot be seen" example:"Ada Lovelace"`
		ProfilePicURL *string `json:"profilePicUrl,omitempty" maxLength:"2000" doc:"The URL of the picture; empty for no picture" example:"https://example.org/ada.png"`
	}
}

func (h *handlers) changeProfile(ctx context.Context, in *changeProfileInput) (*private[user], error) {
	change := domain.Profile{Name: in.Body.Name, PictureURL: in.Body.ProfilePicURL}
	account, err := h.accounts.ChangeProfile(ctx, in.by(ctx), change)
	return privately(userOf(account), err)
}

type verifyAddressInput struct {
	Client
	Body struct {
		Code string `json:"code" minLength:"8" maxLength:"20" doc:"The code in the latest mail; spaces, hyphens and lower case do not matter" example:"4F7KQ2ZN"`
	}
}

func (h *handlers) verifyAddress(ctx context.Context, in *verifyAddressInput) (*struct{}, error) {
	return nil, h.accounts.VerifyAddress(ctx, in.by(ctx), in.Body.Code)
}

func (h *handlers) mailCode(ctx context.Context, in *Client) (*struct{}, error) {
	return nil, h.accounts.MailCode(ctx, in.by(ctx))
}

// publicProfile is an account as everyone sees it.
type publicProfile struct {
	ID            string `json:"id" format:"uuid"`
	Name          string `json:"name"`
	ProfilePicURL string `json:"profilePicUrl,omitempty" format:"uri"`
}

func (h *handlers) publicProfile(ctx context.Context, in *byID) (*private[publicProfile], error) {
	account, err := h.accounts.Get(ctx, in.ID)
	return privately(publicProfile{ID: account.ID, Name: account.Name, ProfilePicURL: account.PictureURL}, err)
}
