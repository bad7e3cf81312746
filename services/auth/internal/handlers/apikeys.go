package handlers

import (
	"context"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/services/auth/internal/domain"
)

type verifyInput struct {
	Key string `header:"X-Api-Key" hidden:"true"`
}

type keyPermissions struct {
	KeyID       string              `json:"keyId"`
	Permissions []domain.Permission `json:"permissions"`
}

func (h *handlers) verifyAPIKey(ctx context.Context, in *verifyInput) (*private[keyPermissions], error) {
	if in.Key == "" {
		return nil, errs.New(errs.Unauthenticated, "send an API key in the header X-Api-Key")
	}
	key, err := h.keys.Verify(ctx, in.Key)
	return privately(keyPermissions{KeyID: key.ID, Permissions: key.Permissions}, err)
}

// APIKey is an API key without the key itself. It is exported because huma ignores embedded types that are not.
type APIKey struct {
	ID          string              `json:"id" format:"uuid"`
	Name        string              `json:"name" doc:"The purpose of the key"`
	Prefix      string              `json:"prefix" doc:"The beginning of the key, to recognize it"`
	Permissions []domain.Permission `json:"permissions" nullable:"false"`
	CreatedAt   time.Time           `json:"createdAt"`
	ExpiresAt   time.Time           `json:"expiresAt,omitzero" doc:"Absent if the key does not expire"`
	LastUsedAt  time.Time           `json:"lastUsedAt,omitzero" doc:"To the minute; absent if the key was never used"`
	RevokedAt   time.Time           `json:"revokedAt,omitzero" doc:"Absent unless the key was revoked"`
}

func apiKeyOf(k domain.APIKey) APIKey {
	return APIKey{
		ID: k.ID, Name: k.Name, Prefix: k.Prefix, Permissions: k.Permissions, CreatedAt: k.CreatedAt,
		ExpiresAt: k.ExpiresAt, LastUsedAt: k.LastUsedAt, RevokedAt: k.RevokedAt,
	}
}

type createKeyInput struct {
	Client
	web.Idempotency
	Body newAPIKey
}

type newAPIKey struct {
	Name        string              `json:"name" minLength:"1" maxLength:"100" doc:"The purpose of the key, without control characters, or any that cannot be seen" example:"price comparison"`
	Permissions []domain.Permission `json:"permissions" minItems:"1" maxItems:"20" enum:"blog:read,blog:write,shop:read,shop:write" nullable:"false"`
	ExpiresAt   *time.Time          `json:"expiresAt,omitempty" doc:"The key is valid until then; absent for a key that does not expire"`
}

type createKeyOutput struct {
	Location     string `header:"Location"`
	CacheControl string `header:"Cache-Control"`
	Body         struct {
		APIKey
		Key string `json:"key" doc:"The key itself. It is shown only here"`
	}
}

func (h *handlers) createAPIKey(ctx context.Context, in *createKeyInput) (*createKeyOutput, error) {
	id := ids.ForRequest("apikey", identity.CallerOf(ctx).ID, in.Key)
	wish := domain.KeyWish{Name: in.Body.Name, Permissions: in.Body.Permissions, ExpiresAt: in.Body.ExpiresAt}
	key, text, err := h.keys.Create(ctx, in.by(ctx), id, ids.Fingerprint(in.Body), wish)
	if err != nil {
		return nil, err
	}
	out := &createKeyOutput{Location: base + "/apikeys/" + id, CacheControl: noStore}
	out.Body.APIKey, out.Body.Key = apiKeyOf(key), text
	return out, nil
}

func (h *handlers) getAPIKey(ctx context.Context, in *byID) (*private[APIKey], error) {
	key, err := h.keys.Get(ctx, in.ID)
	return privately(apiKeyOf(key), err)
}

func (h *handlers) listAPIKeys(ctx context.Context, in *web.Page) (*private[web.Listing[APIKey]], error) {
	keys, next, err := h.keys.List(ctx, in.Cursor, in.Limit)
	return privately(web.ListingOf(keys, next, apiKeyOf), err)
}

func (h *handlers) revokeAPIKey(ctx context.Context, in *changeByID) (*struct{}, error) {
	return nil, h.keys.Revoke(ctx, in.by(ctx), in.ID)
}
