package handlers

import (
	"context"

	"stoa/pkg/common/errs"
	"stoa/pkg/identity"
	"stoa/services/auth/internal/domain"
)

// APIKeys finds API keys.
type APIKeys interface {
	// Find returns the key with this id, or errs.NotFound.
	Find(ctx context.Context, id string) (domain.APIKey, error)
}

type keySetOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         identity.KeySet
}

func (h *Handlers) keySet(context.Context, *struct{}) (*keySetOutput, error) {
	return &keySetOutput{CacheControl: "public, max-age=60", Body: h.tokens.KeySet()}, nil
}

type verifyInput struct {
	Key string `header:"X-Api-Key" doc:"The key; 401 without one, 403 for one that is not known"`
}

type verifyOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         struct {
		KeyID       string   `json:"keyId"`
		Permissions []string `json:"permissions"`
	}
}

func (h *Handlers) verifyAPIKey(ctx context.Context, in *verifyInput) (*verifyOutput, error) {
	if in.Key == "" {
		return nil, errs.New(errs.Unauthenticated, "send an API key in the header X-Api-Key")
	}
	key, err := h.keys.Find(ctx, domain.APIKeyID(in.Key))
	if err != nil && !errs.Is(err, errs.NotFound) {
		return nil, err
	}
	if !key.Matches(in.Key) {
		return nil, errs.New(errs.Forbidden, "this API key is not known")
	}
	out := &verifyOutput{CacheControl: noStore}
	out.Body.KeyID, out.Body.Permissions = key.ID, key.Permissions
	return out, nil
}
