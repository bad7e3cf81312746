package handlers

import (
	"context"
	"encoding/json"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/identity"
	"stoa/services/auth/internal/domain"
)

type verifyInput struct {
	Key string `header:"X-Api-Key" doc:"The key. The answer is 401 without one, and 403 for one that is not valid"`
}

type verifyOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         struct {
		KeyID       string              `json:"keyId"`
		Permissions []domain.Permission `json:"permissions"`
	}
}

func (h *handlers) verifyAPIKey(ctx context.Context, in *verifyInput) (*verifyOutput, error) {
	if in.Key == "" {
		return nil, errs.New(errs.Unauthenticated, "send an API key in the header X-Api-Key")
	}
	key, err := h.keys.Verify(ctx, in.Key)
	if err != nil {
		return nil, err
	}
	out := &verifyOutput{CacheControl: noStore}
	out.Body.KeyID, out.Body.Permissions = key.ID, key.Permissions
	return out, nil
}

// APIKey is an API key without the key itself. It is exported because huma ignores embedded types that are not.
type APIKey struct {
	ID          string              `json:"id" format:"uuid"`
	Name        string              `json:"name" doc:"The purpose of the key"`
	Prefix      string              `json:"prefix" doc:"The beginning of the key, to recognize it"`
	Permissions []domain.Permission `json:"permissions" nullable:"false"`
	CreatedAt   time.Time           `json:"createdAt"`
	ExpiresAt   *time.Time          `json:"expiresAt,omitempty" doc:"Absent if the key does not expire"`
	LastUsedAt  *time.Time          `json:"lastUsedAt,omitempty" doc:"To the minute; absent if the key was never used"`
	RevokedAt   *time.Time          `json:"revokedAt,omitempty" doc:"Absent unless the key was revoked"`
}

func apiKeyOf(k domain.APIKey) APIKey {
	return APIKey{
		ID: k.ID, Name: k.Name, Prefix: k.Prefix, Permissions: k.Permissions, CreatedAt: k.CreatedAt,
		ExpiresAt: moment(k.ExpiresAt), LastUsedAt: moment(k.LastUsedAt), RevokedAt: moment(k.RevokedAt),
	}
}

// moment returns nil for the zero time.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

type createKeyInput struct {
	Key  string `header:"Idempotency-Key" minLength:"1" maxLength:"200" pattern:"^[!-~]+$" doc:"Repeated requests with the same key make one API key"`
	Body newAPIKey
}

type newAPIKey struct {
	Name        string              `json:"name" minLength:"1" maxLength:"100" doc:"The purpose of the key" example:"price comparison"`
	Permissions []domain.Permission `json:"permissions" minItems:"1" maxItems:"20" enum:"blog:read,blog:write,shop:read,shop:write" nullable:"false"`
	ExpiresAt   *time.Time          `json:"expiresAt,omitempty" doc:"The key is valid until then; absent for a key that does not expire"`
}

// fingerprint is the same for equal requests only.
func (n newAPIKey) fingerprint() string {
	raw, _ := json.Marshal(n) // what was read from JSON always marshals
	return ids.Derive("request", string(raw))
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
	id, request := ids.New(), ""
	if in.Key != "" {
		id, request = ids.Derive("apikey", identity.CallerOf(ctx).ID, in.Key), in.Body.fingerprint()
	}
	wish := domain.KeyWish{Name: in.Body.Name, Permissions: in.Body.Permissions, ExpiresAt: in.Body.ExpiresAt}
	key, text, err := h.keys.Create(ctx, id, request, wish)
	if err != nil {
		return nil, err
	}
	out := &createKeyOutput{Location: base + "/apikeys/" + id, CacheControl: noStore}
	out.Body.APIKey, out.Body.Key = apiKeyOf(key), text
	return out, nil
}

// keyPath is the input of operations on one key.
type keyPath struct {
	ID string `path:"id" maxLength:"100" doc:"The key's id"`
}

type apiKeyOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         APIKey
}

func (h *handlers) getAPIKey(ctx context.Context, in *keyPath) (*apiKeyOutput, error) {
	key, err := h.keys.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &apiKeyOutput{CacheControl: noStore, Body: apiKeyOf(key)}, nil
}

type listKeysInput struct {
	Cursor string `query:"cursor" doc:"The next of the previous page; absent for the first page"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"The most keys to return"`
}

type apiKeyPage struct {
	Items []APIKey `json:"items" nullable:"false"`
	Next  string   `json:"next,omitempty" doc:"The cursor of the next page; absent on the last page"`
}

type listKeysOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         apiKeyPage
}

func (h *handlers) listAPIKeys(ctx context.Context, in *listKeysInput) (*listKeysOutput, error) {
	keys, next, err := h.keys.List(ctx, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	page := apiKeyPage{Items: make([]APIKey, len(keys)), Next: next}
	for i, key := range keys {
		page.Items[i] = apiKeyOf(key)
	}
	return &listKeysOutput{CacheControl: noStore, Body: page}, nil
}

func (h *handlers) revokeAPIKey(ctx context.Context, in *keyPath) (*struct{}, error) {
	return nil, h.keys.Revoke(ctx, in.ID)
}
